// Builds plugin/dist/stashai.js (one classic script) and stashai.css. Stash's own copies of React, Bootstrap, Apollo and so on are
// used: importing one of those modules reads it from window.PluginApi, so that nothing is loaded twice and hooks work.
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const LIMIT = 150_000;

// Where each library is, and what of it we use: named one by one, so that the script calls them by short names of its own.
const provided = {
  react: [
    "React",
    "Children Component cloneElement createContext createElement forwardRef Fragment isValidElement " +
      "useCallback useContext useEffect useLayoutEffect useMemo useReducer useRef useState",
  ],
  "react-dom": ["ReactDOM", "createPortal"],
  "react-bootstrap": ["libraries.Bootstrap", "Alert Button Dropdown Form Modal Nav Spinner Tab"],
  "react-router-dom": ["libraries.ReactRouterDOM", "Link NavLink useHistory useLocation"],
  "react-intl": ["libraries.Intl", "useIntl"],
  "@apollo/client": ["libraries.Apollo", "gql"],
};

const fromStash = {
  name: "from-stash",
  setup(it) {
    const names = new RegExp(`^(${Object.keys(provided).join("|")})$`);
    it.onResolve({ filter: names }, ({ path }) => ({ path, namespace: "stash" }));
    it.onLoad({ filter: /.*/, namespace: "stash" }, ({ path }) => {
      const [place, used] = provided[path];
      return { contents: `export const { ${used.replaceAll(" ", ", ")} } = window.PluginApi.${place};`, loader: "js" };
    });
  },
};

// Catalogues repeat English's keys, which would be a sixth of the script: the built ones hold their texts alone, in English's order.
const catalogs = {
  name: "catalogs",
  setup(it) {
    it.onLoad({ filter: /[\\/]i18n[\\/][a-z]{2}\.ts$/ }, async ({ path }) => {
      const [language, folder] = [basename(path, ".ts"), dirname(path)];
      if (language === "en") return undefined;
      const [english, texts] = await Promise.all([catalog(folder, "en"), catalog(folder, language)]);
      const inOrder = JSON.stringify(Object.keys(english).map((key) => texts[key]));
      return { contents: `import { inOrder } from "./order";\nexport const ${language} = inOrder(${inOrder});`, loader: "js", resolveDir: folder };
    });
  },
};

async function catalog(folder, language) {
  const { code } = await transform(await readFile(join(folder, `${language}.ts`), "utf8"), { loader: "ts", format: "esm" });
  return (await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(code)}`))[language];
}

// scripts/build_plugin.py writes the package's version here and beside main.py: pages of another version are told to reload.
const VERSION = "__STASHAI_VERSION__";

export async function bundle(outdir = join(here, "../dist")) {
  await build({
    entryPoints: { stashai: join(here, "src/index.tsx") },
    outdir,
    bundle: true,
    format: "iife",
    target: "es2020",
    charset: "utf8",
    minify: true,
    legalComments: "none",
    define: { __VERSION__: JSON.stringify(VERSION) },
    jsxFactory: "element",
    jsxFragment: "Fragment",
    inject: [join(here, "src/element.ts")],
    plugins: [fromStash, catalogs],
    logLevel: "warning",
  });
  const size = statSync(join(outdir, "stashai.js")).size + statSync(join(outdir, "stashai.css")).size;
  if (size > LIMIT) throw new Error(`the script and its style have ${size} bytes; more than ${LIMIT} are too many`);
  return size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const size = await bundle();
  console.log(`stashai.js and stashai.css: ${(size / 1000).toFixed(1)} kB of ${LIMIT / 1000}`);
}
