/** Places that only the DOM offers: elements of Stash's pages are looked for whenever the page changes, and we portal into them. */
import * as React from "react";
import { createPortal } from "react-dom";

/** The first element that `selector` finds, kept up to date; `key` (the path) starts anew. */
export function useElement(selector: string | null, key: string): HTMLElement | null {
  const [element, setElement] = React.useState<HTMLElement | null>(null);
  React.useEffect(() => {
    if (!selector) return setElement(null);
    let asked = 0;
    const look = () => {
      asked = 0;
      setElement(document.querySelector<HTMLElement>(selector));
    };
    const changed = () => {
      asked = asked || requestAnimationFrame(look);
    };
    look();
    const observer = new MutationObserver(changed);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
      cancelAnimationFrame(asked);
    };
  }, [selector, key]);
  return element?.isConnected ? element : null;
}

export const Into: React.FC<{ element: HTMLElement | null }> = ({ element, children }) => (element ? createPortal(children, element) : null);

const ACTIVE = "sai-tab-active";

/**
 * A tab that Stash does not know: its link beside the others, its pane beside theirs. While it is active a class on their common
 * ancestor hides the other panes; a click on any other tab ends that.
 */
export const ForeignTab: React.FC<{ root: HTMLElement | null; title: string }> = ({ root, title, children }) => {
  const [active, setActive] = React.useState(false);
  const nav = root?.querySelector<HTMLElement>(".nav-tabs") ?? null;
  const content = root?.querySelector<HTMLElement>(".tab-content") ?? null;
  const link = React.useRef<HTMLAnchorElement>(null);

  React.useEffect(() => {
    if (!root) return undefined;
    root.classList.toggle(ACTIVE, active);
    const other = (event: Event) => {
      const clicked = (event.target as Element).closest?.(".nav-link");
      if (clicked && clicked !== link.current && nav?.contains(clicked)) setActive(false);
    };
    root.addEventListener("click", other, true);
    return () => {
      root.removeEventListener("click", other, true);
      root.classList.remove(ACTIVE);
    };
  }, [root, nav, active]);

  if (!nav || !content) return null;
  const open = (event: React.MouseEvent) => {
    event.preventDefault();
    setActive(true);
  };
  return (
    <>
      <Into element={nav}>
        <div className="nav-item">
          <a ref={link} href="#faces" role="tab" aria-selected={active} className={active ? "nav-link active sai-link-tab" : "nav-link sai-link-tab"} onClick={open}>{title}</a>
        </div>
      </Into>
      <Into element={content}>{active ? <div className="sai-pane" role="tabpanel">{children}</div> : null}</Into>
    </>
  );
};
