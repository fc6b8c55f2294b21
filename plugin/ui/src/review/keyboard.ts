/** Keys of a review: arrows move, Enter accepts the row, x rejects its name, u takes back, Ctrl+Enter adds. */
import * as React from "react";
import type { ReviewState } from "./useReview";

export function useKeyboard(it: ReviewState, searching: boolean, setSearching: (key: string | null) => void) {
  const [active, setActive] = React.useState(0);
  const elements = React.useRef<(HTMLLIElement | null)[]>([]);
  const count = it.rows.length;

  // The first row takes the focus when it arrives, so that keys work without a click.
  const started = React.useRef(false);
  React.useEffect(() => {
    if (count === 0 || started.current) return;
    started.current = true;
    elements.current[0]?.focus();
  }, [count]);

  function move(step: number) {
    const next = Math.min(count - 1, Math.max(0, active + step));
    setActive(next);
    elements.current[next]?.focus();
  }

  function onKeyDown(event: React.KeyboardEvent) {
    const target = event.target as HTMLElement;
    const typing = searching && target.tagName === "INPUT";
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (it.names.length > 0) void it.add();
      return;
    }
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const item = it.rows[active];
    const onRow = target.tagName === "LI";
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      x: () => item && !item.applied && it.actionsOf(item).verdict(item.performer && !item.chosen ? "not" : "skip"),
      u: () => it.undo(),
    };
    if (onRow) {
      keys.Enter = () => {
        if (!item || item.applied) return;
        if (item.performer) it.actionsOf(item).tick(!item.ticked);
        else setSearching(item.row.key);
      };
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  return { active, setActive, onKeyDown, refOf: (index: number) => (element: HTMLLIElement | null) => void (elements.current[index] = element) };
}
