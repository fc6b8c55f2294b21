/**
 * Which entities of a list page are selected. Stash 0.30 gives its scene list's operations no ids, but every selected item is on
 * the page: as a card, a row of a table or a picture of a wall, with a ticked box and a link to itself.
 */
import type { EntityType } from "../types";

const FOLDERS: Record<EntityType, string> = { scene: "scenes", image: "images", gallery: "galleries" };

export function selectedOnPage(type: EntityType, root: ParentNode = document): string[] {
  const link = new RegExp(`/${FOLDERS[type]}/(\\d+)(?:[?#/]|$)`);
  const found = new Set<string>();
  for (const tick of root.querySelectorAll<HTMLInputElement>(".item-list-container input[type=checkbox]:checked")) {
    const item = tick.closest(".card, tr, .wall-item, .grid-card");
    for (const anchor of item?.querySelectorAll<HTMLAnchorElement>("a[href]") ?? []) {
      const id = link.exec(anchor.getAttribute("href") ?? "")?.[1];
      if (id) {
        found.add(id);
        break;
      }
    }
  }
  return [...found];
}

/** The entity whose page this path is: `/scenes/12`, below any sub-path that the router has taken away. */
export function entityOfPath(path: string): { type: EntityType | "performer"; id: string } | undefined {
  const match = /^\/(scenes|images|galleries|performers)\/(\d+)(?:\/|$)/.exec(path);
  if (!match) return undefined;
  const types = { scenes: "scene", images: "image", galleries: "gallery", performers: "performer" } as const;
  return { type: types[match[1] as keyof typeof types], id: match[2] as string };
}
