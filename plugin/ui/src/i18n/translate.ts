/**
 * Our own small catalogue, in Stash's language: plugins cannot add to Stash's. A text holds {name} places, and {one|more} where
 * words depend on {n}.
 */
import { de } from "./de";
import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";
import { LANGUAGES, sentences } from "./words";
import { ja } from "./ja";
import { zh } from "./zh";

export type Key = keyof typeof en;
export type Catalog = Record<Key, string>;
/** A sentence with its code and what it names. */
export interface Said {
  code: string;
  text: string;
  params?: Params;
}

export type Params = Record<string, string | number>;

export const catalogs: Record<string, Catalog> = { en, de, fr, es, ja, zh };

export interface Translator {
  (key: Key, params?: Params): string;
  locale: string;
  number(value: number): string;
  percent(probability: number): string;
  /** A plain percentage, as of jobs that succeeded. */
  share(part: number): string;
  /** ISO text or seconds since 1970. */
  date(when: string | number): string;
  /** A day as of an axis: YYYY-MM-DD. */
  day(when: string): string;
  list(names: readonly string[]): string;
  /** What the Python side says, by its code; in its own English words where the catalogue has none. */
  said(said: Said): string;
  /** What went wrong, and what helps where that is a sentence of its own. */
  failure(failure: Failing): { what: string; help: string };
}

export interface Failing {
  code: string;
  message: string;
  remedy?: string;
  params?: Params;
}

/** `locale` as Stash names it, as en-GB or zh-CN; unknown languages read English. */
export function translator(locale: string): Translator {
  const usable = supported(locale);
  const language = usable.split("-")[0] as string;
  const catalog = catalogs[language] ?? en;
  const plural = new Intl.PluralRules(usable);
  const numbers = new Intl.NumberFormat(usable);
  const percents = new Intl.NumberFormat(usable, { style: "percent", maximumFractionDigits: 0 });
  const dates = new Intl.DateTimeFormat(usable, { dateStyle: "medium", timeStyle: "short" });
  const days = new Intl.DateTimeFormat(usable, { day: "numeric", month: "short", timeZone: "UTC" });
  const lists = new Intl.ListFormat(usable, { type: "conjunction", style: "narrow" });

  const translate = (key: Key, params: Params = {}) => {
    const one = plural.select(Number(params.n)) === "one";
    return fill((catalog[key] ?? en[key]).replace(/\{([^{}|]*)\|([^{}]*)\}/g, one ? "$1" : "$2"), params);
  };
  const fill = (text: string, params: Params) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      return value === undefined ? whole : typeof value === "number" ? numbers.format(value) : value;
    });
  const words = (code: string, params: Params) => {
    const text = fill(sentences[code]?.[LANGUAGES.indexOf(language)] ?? "", params);
    return /\{\w+\}/.test(text) ? "" : text;
  };
  const said = ({ code, text, params = {} }: Said) => (`said:${code}` in en ? translate(`said:${code}` as Key, params) : words(code, params) || text);
  return Object.assign(translate, {
    locale: usable,
    number: (value: number) => numbers.format(value),
    /** Never shown as certain, never as impossible. */
    percent: (probability: number) => {
      const rounded = Math.round(probability * 100);
      if (rounded >= 100) return `> ${percents.format(0.99)}`;
      return rounded < 1 ? `< ${percents.format(0.01)}` : percents.format(rounded / 100);
    },
    share: (part: number) => percents.format(part),
    date: (given: string | number) => {
      const when = new Date(typeof given === "number" ? given * 1000 : given);
      return Number.isNaN(when.getTime()) ? String(given) : dates.format(when);
    },
    day: (when: string) => days.format(new Date(when)),
    list: (names: readonly string[]) => lists.format(names),
    said,
    failure: ({ code, message, remedy = "", params = {} }: Failing) => {
      const what = words(code, params);
      return what ? { what, help: "" } : { what: said({ code, text: message, params }), help: remedy };
    },
  });
}

function supported(locale: string): string {
  try {
    return new Intl.Locale(locale).toString();
  } catch {
    return "en-GB";
  }
}
