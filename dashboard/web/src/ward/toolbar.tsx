// Whom the ward's page shows, and how.

import { may } from "../admin/sections";
import { CrossIcon, PlusIcon, ViewIcon } from "../parts/icons";
import { Menu } from "../parts/menu";
import { type MessageKey, plural, words } from "../words/words";
import { isUnanswered } from "./order";
import {
  chooseDensity,
  chooseOrder,
  DENSITIES,
  density,
  isNarrowed,
  ORDERS,
  order,
  search,
  seeEverybody,
  unseen,
  visible,
  WHOM,
  whom,
} from "./view";
import { hidden, shown, showWard, wardShown, wards } from "./ward";

export function WardFilter() {
  if (wards.value.length < 2) return null;
  return (
    <select
      class="ward-filter"
      data-filtered={wardShown.value !== null}
      aria-label={words("filter.label")}
      value={wardShown.value ?? ""}
      onChange={({ currentTarget: { value } }) => showWard(value === "" ? null : value)}
    >
      <option value="">{words("filter.all")}</option>
      {wards.value.map((name) => (
        <option key={name} value={name}>
          {name || words("filter.none")}
        </option>
      ))}
    </select>
  );
}

export function Search() {
  return (
    <input
      class="search"
      type="search"
      aria-label={words("filter.search")}
      placeholder={words("filter.search")}
      value={search.value}
      onInput={({ currentTarget: { value } }) => {
        search.value = value.trimStart();
      }}
    />
  );
}

export function ViewMenu() {
  return (
    <Menu
      label={words("view.menu")}
      class="view-menu"
      button={
        <>
          <ViewIcon />
          <span class="view-words">{words("view.menu")}</span>
        </>
      }
    >
      <Choice
        legend="view.whom"
        of={WHOM}
        chosen={whom.value}
        name={(one) => `whom.${one}`}
        onChoose={(next) => {
          whom.value = next;
        }}
      />
      <Choice
        legend="view.density"
        of={DENSITIES}
        chosen={density.value}
        name={(one) => `density.${one}`}
        onChoose={chooseDensity}
      />
      <Choice
        legend="view.order"
        of={ORDERS}
        chosen={order.value}
        name={(one) => `order.${one}`}
        onChoose={chooseOrder}
      />
    </Menu>
  );
}

/** Where the list is, one adds to it. */
export function AddPatientLink() {
  if (!may("manage_patients")) return null;
  return (
    <a class="button add-patient" href="/add-patient" title={words("add.title")}>
      <PlusIcon />
      <span>{words("add.title")}</span>
    </a>
  );
}

interface ChoiceProps<T extends string> {
  legend: MessageKey;
  of: readonly T[];
  chosen: T;
  name: (one: T) => MessageKey;
  onChoose: (next: T) => void;
}

function Choice<T extends string>({ legend, of, chosen, name, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset class="menu-choice">
      <legend>{words(legend)}</legend>
      {of.map((one) => (
        <label key={one}>
          <input type="radio" name={legend} checked={one === chosen} onChange={() => onChoose(one)} />
          {words(name(one))}
        </label>
      ))}
    </fieldset>
  );
}

/** Whoever is not on the screen is counted here, and his alarms: no filter hides that somebody is in trouble. */
export function Unseen() {
  const away = [...hidden.value, ...unseen.value];
  if (away.length === 0) return null;
  const alarms = away.flatMap(({ alarms: open }) => open).filter(isUnanswered).length;
  return (
    <p class="filter-words" data-alarms={alarms > 0} role="status">
      {words("filter.shown", { n: visible.value.length, all: shown.value.length + hidden.value.length })}
      {alarms > 0 && <strong>{plural("filter.unseen", alarms)}</strong>}
      {isNarrowed.value && (
        <button type="button" class="button" onClick={seeEverybody}>
          <CrossIcon /> {words("filter.clear")}
        </button>
      )}
    </p>
  );
}
