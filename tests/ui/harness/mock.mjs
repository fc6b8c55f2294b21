// Answers of Stash and of StashAI's Python side, kept in memory: what the operations contract says, one scenario a scene.
import { portrait } from "./faces.mjs";

const box = (time, x, y, w, h) => ({ time, x, y, w, h, frame_w: 1280, frame_h: 720 });
const PERFORMERS = [
  { id: "11", name: "Jane Miller", disambiguation: null, alias_list: ["J. M.", "Janey"], face: "jane2" },
  { id: "12", name: "Ann Lee", disambiguation: "dancer", alias_list: [], face: "ann2" },
  { id: "13", name: "Tom Baker", disambiguation: null, alias_list: ["Tommy"], face: "tom" },
  ...Array.from({ length: 30 }, (_, index) => ({ id: String(100 + index), name: `Person ${index + 1}`, disambiguation: null, alias_list: [], face: null })),
];

export function createMock(base) {
  const calls = [];
  const state = { added: {}, setup: null, steps: {}, jobs: {}, runs: [], verdicts: [], settings: { run_on: "auto", worker: { address: "", has_token: false }, suggest_from: 0.5, add_from: 0.95, auto_from: null, profile: "balanced", learn: { performer_images: true, tagged_images: false, scenes: false }, data_folder: "/root/.stash/stashai-data", limit: 0, wait: false } };
  const plan = { download_mb: 78, folder: "/root/.stash/stashai-data", parts: [{ name: "Recognition programs (ncnn, NumPy, Pillow, PyAV)", mb: 71.4, from: "pypi.org" }, { name: "YuNet, finds faces", mb: 0.2, from: "pypi.org" }, { name: "SFace, compares faces", mb: 6.4, from: "pypi.org" }] };
  const name = (id) => PERFORMERS.find((one) => one.id === id)?.name;

  function row(key, more) {
    return { key, state: "proposed", performer_id: null, name: null, probability: null, tagged: false, crop: portrait(more.face), reference: null, best_time: more.times?.[0] ?? 0, times: [], spans: [], frames: 1, candidates: [], boxes: [], ...more };
  }
  const jane = (more = {}) => row("p1", { face: "jane", performer_id: "11", name: "Jane Miller", probability: 0.982, reference: portrait("jane2"), times: [12, 47, 95, 130, 212, 305, 410, 500], spans: [{ start: 8, end: 60 }, { start: 90, end: 140 }, { start: 205, end: 310 }, { start: 400, end: 505 }], frames: 23, candidates: [{ performer_id: "11", name: "Jane Miller", probability: 0.982 }, { performer_id: "13", name: "Tom Baker", probability: 0.012 }], boxes: [box(12, 220, 160, 320, 320), box(95, 240, 150, 300, 300)], ...more });
  const ann = (more = {}) => row("p2", { face: "ann", performer_id: "12", name: "Ann Lee", probability: 0.957, reference: portrait("ann2"), times: [12, 130, 333], spans: [{ start: 10, end: 30 }, { start: 120, end: 140 }, { start: 330, end: 345 }], frames: 9, candidates: [{ performer_id: "12", name: "Ann Lee", probability: 0.957 }, { performer_id: "101", name: "Person 2", probability: 0.031 }], boxes: [box(12, 760, 200, 300, 300)], ...more });
  const tom = (more = {}) => row("p3", { face: "tom", performer_id: "13", name: "Tom Baker", probability: 0.71, reference: portrait("tom"), times: [305, 410], spans: [{ start: 300, end: 320 }], frames: 4, candidates: [{ performer_id: "13", name: "Tom Baker", probability: 0.71 }, { performer_id: "102", name: "Person 3", probability: 0.2 }], boxes: [box(305, 500, 200, 200, 200)], ...more });
  const unknown = () => row("u1", { face: "nobody", times: [500, 512], spans: [{ start: 498, end: 515 }], frames: 2, boxes: [box(500, 400, 150, 220, 220)], candidates: [{ performer_id: "103", name: "Person 4", probability: 0.18 }] });
  const seen = (count, key) => Array.from({ length: count }, (_, index) => ({ image_id: String(500 + index), crop_key: `${key}-${index}`, probability: 0.97 }));

  function finish(job, rows) {
    const added = state.added[job.entity.type + job.entity.id] ?? [];
    return rows.map((one) => ({ ...one, state: added.includes(one.performer_id) ? "applied" : state.verdicts.find((v) => v.person === one.key)?.verdict === "not" ? "rejected" : one.state }));
  }
  function resultOf(job, step) {
    const { type, id } = job.entity;
    if (id === "7") return { provisional: false, source: "keyframes", duration: 60, compared: { done: 20000, total: 20000 }, people: [], unknown: [] };
    if (type === "image" || job.mode === "frame") return { provisional: false, source: type, width: 1280, height: 720, compared: null, people: finish(job, [jane({ times: [], spans: [], frames: 1, boxes: [box(job.time ?? 0, 220, 160, 320, 320)] }), ann({ times: [], spans: [], frames: 1, boxes: [box(job.time ?? 0, 760, 200, 300, 300)] })]), unknown: [] };
    if (type === "gallery") return { provisional: false, source: "images", compared: null, people: finish(job, [jane({ times: [], images: seen(900, "a") }), ann({ times: [], probability: 0.94, images: seen(8, "b") })]), unknown: [] };
    const shared = { duration: 540, width: 1280, height: 720 };
    if (step < 2) return { ...shared, provisional: true, source: "sprite", compared: { done: 3200, total: 20000 }, people: [jane({ probability: 0.88, frames: 6 }), ann({ probability: 0.62, frames: 2 })], unknown: [] };
    return { ...shared, provisional: false, source: "keyframes", compared: { done: 20000, total: 20000 }, people: finish(job, [jane(), ann(), tom(), row("p4", { face: "jane", performer_id: "101", name: "Person 2", probability: 0.991, tagged: true, times: [60], frames: 3 })]), unknown: [unknown()] };
  }
  const jobRow = (job, step) => ({ id: job.id, title: job.title, state: step >= 2 ? "completed" : "processing", progress: Math.min(1, step / 2), done: step >= 2 ? 1 : 0, total: 1, failed: 0, said: { code: "", text: step >= 2 ? "" : "Reading keyframes" }, created: "2026-11-20T10:00:00Z", started: "2026-11-20T10:00:01Z", ended: null, entity: job.entity });
  const error = (code, message, remedy) => ({ ok: false, error: { code, message, remedy } });
  const history = [
    { id: "j1", title: "Identify people in scenes without performers", state: "processing", progress: 0.42, done: 84, total: 200, failed: 1, message: "", created: "2026-11-20T10:00:00Z", started: "2026-11-20T10:00:01Z", ended: null },
    { id: "j2", title: "Summer in Lisbon", state: "completed", progress: 1, done: 1, total: 1, failed: 0, said: { code: "", text: "3 people, 1 unknown" }, created: "2026-11-20T09:00:00Z", started: "2026-11-20T09:00:01Z", ended: "2026-11-20T09:00:06Z", entity: { type: "scene", id: "1", name: "Summer in Lisbon" } },
    { id: "j3", title: "Identify people in images", state: "failed", progress: 0.1, done: 10, total: 100, failed: 10, message: "", error: { code: "media", message: "The folder /data/pictures cannot be read.", remedy: "Check that the disk is mounted." }, created: "2026-11-19T10:00:00Z", started: "2026-11-19T10:00:01Z", ended: "2026-11-19T10:02:00Z" },
  ];
  const days = (count) => Array.from({ length: count }, (_, index) => ({ day: new Date(Date.UTC(2026, 10, 20) - (count - 1 - index) * 864e5).toISOString().slice(0, 10), ok: 4 + ((index * 7) % 11), failed: index % 5 === 0 ? 1 : 0, cancelled: index % 9 === 0 ? 1 : 0, items: 40 + ((index * 13) % 50), seconds: 50 + ((index * 17) % 60) }));

  const operations = {
    health: () => ({ version: "0.1.0", python: "3.12.11", libc: "musl", arch: "x86_64", runtime: { state: state.bare && !state.ready ? "missing" : "ready", size_mb: 210, folder: "/root/.stash/stashai-data/runtime/cp312" }, models: [{ id: "yunet", role: "detector", state: "ready", size_mb: 0.2 }, { id: "sface", role: "embedder", state: "ready", size_mb: 36.9 }, { id: "facenet", role: "embedder", state: "missing", size_mb: 90 }], where: { mode: "local", reason: "ncnn 1.0 on 4 cores", remedy: "" }, data_folder: "/root/.stash/stashai-data", people: 5033, references: 7120 }),
    status: () => ({ running: history.filter((job) => job.state === "processing"), learned: { done: 3200, total: 5033 } }),
    setup: () => ((state.setup = { at: Date.now() }), { state: "running", fraction: 0 }),
    setup_status: () => (!state.setup ? { state: "idle", fraction: 0, plan } : state.polls++ >= 1 ? ((state.ready = true), { state: "done", fraction: 1 }) : { state: "running", fraction: 0.45, said: { code: "packages-mb", text: "Fetching packages: 17 MB", params: { mb: 17 } } }),
    identify({ type, id, mode, time, again }) {
      if (id === "9" && !state.ready) return { job: null, needs: { setup: plan } };
      const key = `${type}${id}${mode}${time ?? ""}`;
      if (again) delete state.jobs[key];
      const job = (state.jobs[key] ??= { id: `job-${key}`, title: `Scene ${id}`, entity: { type, id, name: `Scene ${id}` }, mode, time });
      if (again) state.steps[job.id] = 0;
      return jobRow(job, state.steps[job.id] ?? 0);
    },
    step({ job: id }) {
      const job = Object.values(state.jobs).find((one) => one.id === id);
      if (job.entity.id === "8") return error("media", "The file of this scene is not there.", "Check that the disk is mounted, then try again.");
      const step = (state.steps[id] = (state.steps[id] ?? 0) + 1);
      const single = job.entity.type !== "scene" || job.mode === "frame";
      return { job: jobRow(job, single ? 2 : step), result: resultOf(job, single ? 2 : step), more: !single && step < 2 };
    },
    pause: () => null,
    faces({ type, id }) {
      const job = Object.values(state.jobs).find((one) => one.entity.type === type && one.entity.id === id && one.mode === "auto");
      return id === "2" && type === "image" ? resultOf({ entity: { type, id }, mode: "auto" }, 2) : job ? resultOf(job, 2) : null;
    },
    crops: ({ keys }) => (keys.length > 60 ? error("usage", "too many keys", "") : { crops: Object.fromEntries(keys.map((key) => [key, portrait(key.startsWith("a") ? "jane" : "ann")])) }),
    apply({ job: id, accept }) {
      const job = Object.values(state.jobs).find((one) => one.id === id);
      const key = job.entity.type + job.entity.id;
      state.added[key] = [...(state.added[key] ?? []), ...accept.map((one) => one.performer_id)];
      const run = { run: `run-${state.runs.length + 1}`, when: "2026-11-20T11:00:00Z", title: job.title, count: accept.length, undone: 0, key, ids: accept.map((one) => one.performer_id) };
      state.runs.push(run);
      return { run: run.run, added: accept.map((one) => ({ performer_id: one.performer_id, name: name(one.performer_id) ?? "New one" })), already: [] };
    },
    undo({ run: id, preview }) {
      const run = state.runs.find((one) => one.run === id) ?? { count: 12, title: "Identify people in scenes", ids: [] };
      if (!preview) {
        run.undone = run.count;
        if (run.key) state.added[run.key] = state.added[run.key].filter((one) => !run.ids.includes(one));
      }
      return { count: run.count, name: run.title, stays: [] };
    },
    runs: ({ page, type, id }) => (id ? state.runs.filter((run) => run.key === type + id) : page > 1 ? [] : [...state.runs].reverse().concat([{ run: "old", when: "2026-11-18T10:00:00Z", title: "Add names at or above my limit", count: 12, undone: 0 }, { run: "older", when: "2026-11-17T10:00:00Z", title: "Beach walk", count: 2, undone: 2 }])),
    decide: (args) => (state.verdicts.push(args), null),
    create_performer: () => ({ performer_id: "900" }),
    similar: () => [{ performer_id: "12", name: "Ann Lee", probability: 0.12, similarity: 0.41 }, { performer_id: "13", name: "Tom Baker", probability: 0.04, similarity: 0.33 }],
    compare: () => ({ scores: [{ model: "SFace", similarity: 0.41 }, { model: "FaceNet", similarity: 0.37 }], probability: 0.08, crops: [portrait("jane"), portrait("ann")] }),
    jobs: ({ state: wanted }) => ({ jobs: history.filter((job) => !wanted || job.state === wanted), pages: 1 }),
    job: ({ id }) => ({ job: history.find((job) => job.id === id), pages: 1, items: [{ key: "1", name: "Summer in Lisbon", type: "scene", id: "1", state: "completed", people: [{ name: "Jane Miller", probability: 0.998 }, { name: "Ann Lee", probability: 0.97 }] }, { key: "2", name: "Night drive", type: "scene", id: "2", state: "completed", people: [] }, { key: "3", name: "Broken file", type: "scene", id: "3", state: "failed", people: [], error: { code: "media", message: "The file ends early.", remedy: "" } }] }),
    cancel: ({ id }) => ((history.find((job) => job.id === id).state = "cancelled"), null),
    retry: ({ id }) => ((history.find((job) => job.id === id).state = "processing"), null),
    people({ filter, q, page }) {
      if (filter === "choose") return { pages: 1, people: [{ performer_id: "13", name: "Tom Baker", references: 0, reason: "several faces are in the picture", why: "choose", choices: [{ key: "a", crop: portrait("tom") }, { key: "b", crop: portrait("ann") }] }] };
      if (filter === "without_face") return { pages: 1, people: [{ performer_id: "104", name: "Person 5", references: 0, reason: "no face was found in the picture", why: "no-face" }] };
      if (filter === "forgotten") return { pages: 1, people: state.forgotten ? [state.forgotten] : [] };
      const all = PERFORMERS.filter((one) => one.name.toLowerCase().includes((q ?? "").toLowerCase()) && one.id !== state.forgotten?.performer_id);
      return { pages: Math.max(1, Math.ceil(all.length / 20)), people: all.slice(20 * (page - 1), 20 * page).map((one, index) => ({ performer_id: one.id, name: one.name, references: 1 + (index % 7), ...(one.id === "13" ? { picture: { key: "scene-face", crop: portrait("tom") } } : {}) })) };
    },
    choose_face: () => null,
    use_as_picture: () => null,
    forget({ performer_id, confirm }) {
      if (confirm !== name(performer_id)) return error("usage", "The name does not match.", "");
      state.forgotten = { performer_id, name: confirm, references: 0, reason: "forgotten at your wish", why: "forgotten" };
      return null;
    },
    allow: () => ((state.forgotten = null), null),
    wipe: ({ confirm }) => (confirm === "WIPE" ? null : error("usage", "Type WIPE.", "")),
    statistics: ({ days: count }) => ({ jobs: days(count), confidence: Array.from({ length: 10 }, (_, index) => ({ bin: index / 10, count: [3, 2, 2, 4, 5, 9, 14, 22, 61, 240][index] })), means: days(count).map(({ day }, index) => ({ day, mean: 0.9 + (index % 4) / 50 })) }),
    services: () => [{ name: "Face recognition", type: "faces", where: "this Stash", state: "ready", capabilities: ["scene", "image", "gallery", "compare"] }, { name: "Worker", type: "worker", where: "192.168.1.20", state: "unreachable", capabilities: [], message: "No answer within 3 s" }, { name: "quality.blur", type: "added", where: "local", state: "healthy", capabilities: [], parameters: { folder: null, least: 0 } }, { name: "spoilt", type: "added", where: "local", state: "unhealthy", capabilities: [], message: "ModuleNotFoundError: No module named 'nothing'", parameters: null }],
    run_service: ({ service }) => ({ ...operations.jobs({}).jobs[0], title: service }),
    models: () => operations.health().models,
    settings: () => state.settings,
    save_settings: ({ settings }) => (state.settings = settings),
    set_token: () => null,
    test_worker: ({ address }) => ({ ok: address.includes("20"), said: address.includes("20") ? { code: "worker-well", text: "The worker answers and understands this version." } : { code: "", text: "No answer" } }),
  };
  state.polls = 0;

  function graphql({ query, variables = {} }) {
    if (query.includes("runPluginOperation")) {
      const { op, v, ...args } = variables.args;
      calls.push({ op, ...args });
      if (state.version && v !== state.version) return { runPluginOperation: error("reload", "Reload this page.", "") };
      if (!operations[op]) return { runPluginOperation: error("usage", `no operation ${op}`, "") };
      const answer = operations[op](args);
      return { runPluginOperation: answer?.ok === false ? answer : { ok: true, data: answer } };
    }
    if (query.includes("runPluginTask")) return calls.push({ task: variables.task, description: variables.description, ...variables.args }), { runPluginTask: "77" };
    if (query.includes("findPerformers")) {
      const { q = "", per_page } = variables.filter;
      calls.push({ search: q, per_page });
      const found = PERFORMERS.filter((one) => [one.name, ...one.alias_list].some((text) => text.toLowerCase().includes(q.toLowerCase())));
      return { findPerformers: { __typename: "R", performers: found.slice(0, per_page).map(({ face, ...one }) => ({ ...one, __typename: "Performer", image_path: `${base}performer/${one.id}/image?${face ? "t=1" : "default=true"}` })) } };
    }
    const { id } = variables;
    const performers = (type) => (state.added[type + id] ?? []).map((one) => ({ __typename: "Performer", id: one, name: name(one) ?? "New one" }));
    if (query.includes("findScene")) return calls.push({ query: "findScene", id }), { findScene: { __typename: "Scene", id, title: ["", "Summer in Lisbon", "Night drive"][id] ?? `Scene ${id}`, files: [{ __typename: "VideoFile", width: 1280, height: 720, basename: "a.mp4" }], performers: performers("scene") } };
    if (query.includes("findImage")) return { findImage: { __typename: "Image", id, title: `Picture ${id}`, performers: performers("image") } };
    if (query.includes("findGallery")) return { findGallery: { __typename: "Gallery", id, title: `Gallery ${id}`, performers: performers("gallery") } };
    if (query.includes("findPerformer")) return { findPerformer: { __typename: "Performer", id, name: name(id) } };
    throw new Error(`unknown query ${query}`);
  }
  return { graphql, calls, state, faceOf: (id) => PERFORMERS.find((one) => one.id === id)?.face };
}
