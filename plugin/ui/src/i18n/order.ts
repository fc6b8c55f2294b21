/** A language's texts in the order of English's keys, as the build leaves them, back under their keys. */
import { en } from "./en";
import type { Catalog, Key } from "./translate";

export function inOrder(texts: readonly string[]): Catalog {
  return Object.fromEntries(Object.keys(en).map((key, index) => [key, texts[index]])) as Record<Key, string>;
}
