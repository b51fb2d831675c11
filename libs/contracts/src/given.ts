/** `{ [key]: value }`, or nothing where the value is absent: absent and undefined are not the same inside. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  if (value === undefined) return {};
  const one: { [K in Key]?: Value } = {};
  one[key] = value;
  return one;
}
