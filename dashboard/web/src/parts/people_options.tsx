// People to choose from: an option for each.

import { calledIn, type Somebody } from "../words/called";

export function PeopleOptions({ people }: { people: readonly Somebody[] }) {
  return (
    <>
      {[...calledIn(people)].map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </>
  );
}
