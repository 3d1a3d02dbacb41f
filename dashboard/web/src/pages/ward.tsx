// The ward: everybody at a glance, trouble on top.

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { may } from "../admin/sections";
import { monotonicUs } from "../live/server_clock";
import { Banners } from "../parts/banners";
import { Main } from "../parts/main";
import { TopBar } from "../parts/top_bar";
import { layOut } from "../ward/layout";
import { HeldOrder } from "../ward/order";
import { Tile } from "../ward/tile";
import { AddPatientLink, Search, Unseen, ViewMenu, WardFilter } from "../ward/toolbar";
import { TroubleStrip } from "../ward/trouble_strip";
import { density, isNarrowed, order as orderOf, seeEverybody, visible } from "../ward/view";
import { everyone, ward } from "../ward/ward";
import { SharedSheet } from "../wave/live_wave";
import { Sheet } from "../wave/sheet";
import { words } from "../words/words";

const GAP_PX = 8;

export function WardPage() {
  return (
    <>
      <TopBar>
        <WardFilter />
        <Search />
        <ViewMenu />
        <AddPatientLink />
      </TopBar>
      <Banners />
      <Main class="ward">
        <h1 class="visually-hidden">{words("ward.title")}</h1>
        <Unseen />
        {orderOf.value === "places" && <TroubleStrip />}
        {ward.value === null ? <Loading /> : everyone.value.length === 0 ? <Empty /> : <Tiles />}
        {isNarrowed.value && visible.value.length === 0 && <Nobody />}
      </Main>
    </>
  );
}

function Tiles() {
  const grid = useRef<HTMLDivElement>(null);
  const { current: held } = useRef(new HeldOrder());
  const { current: sheet } = useRef(new Sheet());
  const size = useSignal({ width: innerWidth, height: innerHeight });
  const byId = new Map(visible.value.map((watched) => [watched.patient.id, watched]));
  const order = held.next([...byId.keys()], monotonicUs());
  const layout = layOut(order.length, size.value.width, size.value.height, GAP_PX, density.value);

  useEffect(() => {
    const element = grid.current;
    if (element === null) return undefined;
    const measure = () => {
      const width = element.clientWidth;
      const height = innerHeight - element.getBoundingClientRect().top - scrollY - GAP_PX;
      if (width !== size.value.width || height !== size.value.height) size.value = { width, height };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(document.documentElement);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [size]);

  useLayoutEffect(() => {
    grid.current?.style.setProperty("--columns", String(layout.columns));
    grid.current?.style.setProperty("--row", `${layout.rowPx}px`);
  }, [layout.columns, layout.rowPx]);
  useKeptFocus(grid);

  const touch = () => held.touched(monotonicUs());
  /** A tile that came under the hand this moment is not the one that was meant. */
  const refuseSlip = (event: MouseEvent) => {
    if (!held.hasJustMoved(monotonicUs())) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only holds the order still under a pointer or focus
    <div
      ref={grid}
      class="tiles"
      data-fits={layout.fits}
      data-density={density.value}
      onPointerMove={touch}
      onPointerDown={touch}
      onFocusCapture={touch}
      onKeyDown={touch}
      onClickCapture={refuseSlip}
      onPointerLeave={() => held.released()}
    >
      {/* Where the page scrolls, one canvas over all tiles would be far larger than the screen. */}
      <SharedSheet.Provider value={layout.fits ? sheet : null}>
        {order.map((id) => {
          const watched = byId.get(id);
          return watched && <Tile key={id} watched={watched} />;
        })}
      </SharedSheet.Provider>
      {layout.fits && <canvas ref={sheet.isOn} class="sheet" />}
    </div>
  );
}

/** A tile that moves takes the focus in it along; a button that goes hands it to its tile. */
function useKeptFocus(grid: { current: HTMLElement | null }): void {
  const before = grid.current?.contains(document.activeElement) ? document.activeElement : null;
  const patient = before?.closest<HTMLElement>("[data-patient]")?.dataset["patient"];
  useLayoutEffect(() => {
    if (document.activeElement !== document.body || !(before instanceof HTMLElement)) return;
    const next = before.isConnected ? before : grid.current?.querySelector(`[data-patient="${patient}"] a`);
    if (next instanceof HTMLElement) next.focus({ preventScroll: true });
  });
}

function Loading() {
  return (
    <p class="centred" role="status">
      {words("ward.loading")}
    </p>
  );
}

function Nobody() {
  return (
    <section class="centred empty">
      <h2>{words("ward.nobody")}</h2>
      <p>
        <button type="button" class="button main" onClick={seeEverybody}>
          {words("filter.clear")}
        </button>
      </p>
    </section>
  );
}

function Empty() {
  return (
    <section class="centred empty">
      <h2>{words("ward.empty")}</h2>
      <p>{words("ward.empty_why")}</p>
      {may("manage_patients") && (
        <p>
          <a class="button main" href="/add-patient">
            {words("add.title")}
          </a>
        </p>
      )}
      <p class="nothing">
        {words("ward.empty_demo")} <code>{words("ward.empty_command")}</code>
      </p>
    </section>
  );
}
