/** React's side of the shared app: a provider for every mount, a boundary that never breaks Stash's page, small hooks. */
import * as React from "react";
import { failureText } from "./api/graphql";
import type { App } from "./app";
import type { ToastApi } from "./host";
import type { Translator } from "./i18n/translate";
import { LEAST_WAIT, pagePace } from "./lib/pace";
import type { Store } from "./lib/store";

const AppContext = React.createContext<App | null>(null);

export function useApp(): App {
  const app = React.useContext(AppContext);
  if (!app) throw new Error("StashAI: a component outside of its mount");
  return app;
}

export function useStore<T>(store: Store<T>): T {
  // Wrapped: React would call a value that is itself a function.
  const [value, setValue] = React.useState(() => store.get());
  React.useEffect(() => {
    const read = () => setValue(() => store.get());
    read();
    return store.subscribe(read);
  }, [store]);
  return value;
}

export function useText(): Translator {
  return useStore(useApp().t);
}

/** Stash's toasts, where a failure is told in the user's language with what helps. */
export function useToast(): ToastApi {
  const toast = window.PluginApi.hooks.useToast();
  const t = useText();
  return React.useMemo(() => ({ ...toast, error: (error) => toast.error(new Error(failureText(t, error))) }), [toast, t]);
}

interface BoundaryProps {
  fallback?: React.ReactNode;
}

/** Whatever goes wrong inside is logged and replaced by `fallback`: Stash's page stays as it is without us. */
export class Boundary extends React.Component<BoundaryProps, { broken: boolean }> {
  state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  componentDidCatch(error: Error) {
    console.error("StashAI", error);
  }

  render() {
    return this.state.broken ? this.props.fallback ?? null : this.props.children ?? null;
  }
}

export const Mount: React.FC<{ app: App; fallback?: React.ReactNode }> = ({ app, fallback, children }) => (
  <Boundary fallback={fallback}>
    <AppContext.Provider value={app}>{children}</AppContext.Provider>
  </Boundary>
);

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  reload(): void;
}

/** Reads once, and again whenever `dependencies` change. Late answers of older reads are dropped. */
export function useLoaded<T>(read: () => Promise<T>, dependencies: readonly unknown[]): Loaded<T> {
  const [state, setState] = React.useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: true });
  const [turn, setTurn] = React.useState(0);
  React.useEffect(() => {
    let current = true;
    setState((before) => ({ ...before, loading: true }));
    read().then(
      (data) => current && setState({ data, loading: false }),
      (error: unknown) => current && setState((before) => ({ data: before.data, error, loading: false })),
    );
    return () => {
      current = false;
    };
  }, [...dependencies, turn]);
  const reload = React.useCallback(() => setTurn((before) => before + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, reload };
}

/** Calls `tick` every two seconds or slower while `active`, never while the page is hidden, never two at once. */
export function usePoll(tick: () => unknown, active: boolean, every = LEAST_WAIT): void {
  const latest = React.useRef(tick);
  latest.current = tick;
  React.useEffect(() => {
    if (!active) return undefined;
    let going = true;
    void (async () => {
      while (going) {
        await pagePace.sleep(Math.max(LEAST_WAIT, every));
        await pagePace.visible();
        if (going) await Promise.resolve(latest.current()).catch(() => undefined);
      }
    })();
    return () => {
      going = false;
    };
  }, [active, every]);
}

/** After a dialog the focus is where it was opened from: for an entry of a menu, which is gone by then, on the menu's button. */
export function useFocusBack(): void {
  const [opener] = React.useState(() => {
    const active = document.activeElement as HTMLElement | null;
    return active?.closest(".dropdown")?.querySelector<HTMLElement>("[aria-haspopup]") ?? active;
  });
  React.useEffect(
    () => () => {
      setTimeout(() => document.activeElement === document.body && opener?.focus());
    },
    [opener],
  );
}

/** While mounted, Stash's own shortcuts rest. */
export function useShortcutsPaused(active: boolean): void {
  React.useEffect(() => {
    const trap = window.PluginApi.libraries.Mousetrap;
    if (!active || !trap?.pause) return undefined;
    trap.pause();
    return () => trap.unpause?.();
  }, [active]);
}
