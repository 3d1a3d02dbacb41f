// What people are called in a list: two who have one name are told apart by what they sign in as. Pure.

export interface Somebody {
  id: number;
  name: string;
  login: string;
}

/** By id: the name, with the sign-in name where another in the list has the same. */
export function calledIn(people: readonly Somebody[]): ReadonlyMap<number, string> {
  const byId = new Map(people.map((one) => [one.id, one]));
  const having = new Map<string, number>();
  for (const { name } of byId.values()) having.set(sameAs(name), (having.get(sameAs(name)) ?? 0) + 1);
  const called = ({ name, login }: Somebody) => (having.get(sameAs(name)) === 1 ? name : `${name} (${login})`);
  return new Map([...byId].map(([id, one]) => [id, called(one)]));
}

/** Equal for names that look alike to a reader. */
const sameAs = (name: string) => name.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();
