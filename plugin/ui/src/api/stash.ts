/** Questions to Stash itself: performers to choose from, names of things. Only ids go into variables. */
import type { GraphQL } from "./graphql";

export interface PerformerChoice {
  id: string;
  name: string;
  disambiguation?: string | null;
  alias_list: string[];
  image_path?: string | null;
}

const SEARCH =
  "query StashAIPerformers($filter: FindFilterType) { findPerformers(filter: $filter) {" +
  " performers { id name disambiguation alias_list image_path } } }";

const MOST_CHOICES = 25;

/** At most 25 performers whose name or alias matches, best scene counts first when nothing is typed. */
export async function searchPerformers(graphql: GraphQL, text: string): Promise<PerformerChoice[]> {
  const q = text.trim();
  const filter = q ? { q, per_page: MOST_CHOICES } : { per_page: MOST_CHOICES, sort: "scenes_count", direction: "DESC" };
  const data = await graphql.query<{ findPerformers: { performers: PerformerChoice[] } }>(SEARCH, { filter });
  return data.findPerformers.performers.slice(0, MOST_CHOICES);
}

/** A performer whose picture is Stash's default has no real image. */
export function hasPicture(choice: PerformerChoice): boolean {
  return !!choice.image_path && !choice.image_path.includes("default=true");
}
