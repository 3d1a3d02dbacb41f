"""What ingest shows of itself to Prometheus, read from its counters when somebody asks."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from heartwire.frames import Reason
from heartwire.observe import counter, counters, gauge, gauges, histogram
from ingest.counters import Counters
from ingest.intake import Intake


def ingest_metrics(done: Counters, intake: Intake, *, shards: int, broker: bool, database: bool) -> Iterator[Metric]:
    """Yield every metric of ingest.

    Parameters
    ----------
    done : Counters
        Since the start.
    intake : Intake
        What is held.
    shards : int
        Shards that this process receives.
    broker, database : bool
        Whether they are reached.
    """
    letters = {str(reason): float(done.dead_letters[reason]) for reason in Reason}
    yield counter("heartwire_ingest_messages_committed", "Messages of every kind in committed batches", done.messages)
    yield counter("heartwire_ingest_bytes_committed", "Their payload bytes", done.n_bytes)
    yield counter("heartwire_ingest_frames_committed", "Frames that were new and are stored", done.frames)
    yield counter("heartwire_ingest_frames_duplicate", "Frames that were stored already", done.duplicates)
    yield counter("heartwire_ingest_frames_late", "Frames that came more than 30 s after their time", done.late)
    yield counter("heartwire_ingest_samples", "ECG samples in committed batches", done.samples)
    yield counter("heartwire_ingest_statuses", "Statuses of devices", done.statuses)
    yield counters("heartwire_ingest_dead_letters", "Messages kept as dead letters", "reason", letters)
    yield counter("heartwire_ingest_acks", "Watermarks told to devices", done.acks)
    yield histogram("heartwire_ingest_batch_messages", "Messages in a transaction", done.batch_sizes)
    yield histogram("heartwire_ingest_commit_seconds", "Time of a transaction, its commit included", done.commits_s)
    yield counter("heartwire_ingest_batch_splits", "Batches cut in two to find what is refused", done.splits)
    failures = {"broker": float(done.broker_failures), "database": float(done.database_failures)}
    yield counters("heartwire_ingest_failures", "Attempts that were put off, by what was away", "of", failures)
    yield counter("heartwire_ingest_overflows", "Times that it left the broker, holding all it may", done.times_full)
    yield gauge("heartwire_ingest_held_messages", "Received and not committed yet", intake.held_frames)
    yield gauge("heartwire_ingest_held_bytes", "Their payload bytes", intake.held_bytes)
    yield gauge("heartwire_ingest_shards", "Shards that this process has", shards)
    yield gauges("heartwire_ingest_reached", "1 where it is reached", "what", {"broker": broker, "database": database})
