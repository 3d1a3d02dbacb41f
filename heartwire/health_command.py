"""``heartwire health``: asks a service how it is, for container engines and for people."""

import http.client

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The service's observe_host.")
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="The service's observe_port.")
@click.option("--ready", is_flag=True, help="Ask whether it reaches all that it needs, not only whether it lives.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 60), default=4, show_default=True, help="Seconds.")
def health(host: str, port: int, *, ready: bool, timeout_s: float) -> None:
    """Ask a service how it is; ends with 0 when it is well.

    By default whether it lives: its main loop comes by. A database that is away does not make it ill: it waits, and a
    restart would not help. With --ready, whether broker and database are reached, too.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/readyz" if ready else "/healthz")
        answer = connection.getresponse()
        text = answer.read(4096).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise click.ClickException(f"nothing answers on {host} port {port}: {error}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise click.ClickException(text or f"HTTP {answer.status}")
    click.echo(text)
