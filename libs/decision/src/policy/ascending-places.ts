/** Ascending lists of places as one, each place once. A typed array sorts numbers several times as fast as an array does. */
export function mergedPlaces(lists: readonly (readonly number[])[]): readonly number[] {
  const [first] = lists;
  if (first === undefined) return [];
  if (lists.length === 1) return first;
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  const places: number[] = [];
  for (const place of all.sort()) if (place !== places.at(-1)) places.push(place);
  return places;
}
