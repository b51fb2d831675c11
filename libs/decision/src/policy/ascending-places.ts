/** Up to so many places, putting each where it belongs takes less than to call a sort. */
const PLACES_FEW = 64;

/** Ascending lists of places as one, each place once. A typed array sorts numbers several times as fast as an array does. */
export function mergedPlaces(lists: readonly (readonly number[])[]): readonly number[] {
  const [first] = lists;
  if (first === undefined) return [];
  if (lists.length === 1) return first;
  let length = 0;
  for (const list of lists) length += list.length;
  if (length <= PLACES_FEW) return insertedPlaces(lists);
  const all = new Uint32Array(length);
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  const places: number[] = [];
  for (const place of all.sort()) if (place !== places.at(-1)) places.push(place);
  return places;
}

/** Lists come ascending or descending more often than not, so that most places belong at the end. */
function insertedPlaces(lists: readonly (readonly number[])[]): readonly number[] {
  const places: number[] = [];
  const isDescending = (lists[0]?.[0] ?? 0) > (lists.at(-1)?.[0] ?? 0);
  for (let index = 0; index < lists.length; index += 1)
    for (const place of lists[isDescending ? lists.length - 1 - index : index] ?? []) {
      let at = places.length;
      while (at > 0 && (places[at - 1] ?? 0) > place) at -= 1;
      if (at === 0 || places[at - 1] !== place) insertAt(places, at, place);
    }
  return places;
}

function insertAt(places: number[], at: number, place: number): void {
  places.push(place);
  for (let moved = places.length - 1; moved > at; moved -= 1) places[moved] = places[moved - 1] ?? 0;
  places[at] = place;
}
