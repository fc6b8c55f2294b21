import type { Catalog } from "./translate"; import { en } from "./en"; export const ja: Catalog = en;
