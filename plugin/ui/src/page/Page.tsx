/** /plugins/stashai: what runs and ran, who is known, what was written and can be taken back, where it runs. */
import * as React from "react";
import { Button, Nav } from "react-bootstrap";
import { useHistory, useLocation } from "react-router-dom";
import { useApp, useLoaded, usePoll, useText, useToast } from "../context";
import { Badge, Bar, Glyph, Trouble } from "../parts/basics";
import type { Key } from "../i18n/translate";
import { Failure } from "../api/graphql";
import { SetupProgress, SetupQuestion } from "../review/Setup";
import type { Health, SetupStatus, Status } from "../types";
import { Charts } from "./Charts";
import { History } from "./History";
import { Jobs } from "./Jobs";
import { People } from "./People";
import { System } from "./System";

const TABS: Record<string, Key> = { jobs: "tabJobs", people: "tabPeople", history: "tabHistory", charts: "tabCharts", system: "tabSystem" };
const STATUS_EVERY = 3000;

export const Page: React.FC = () => {
  const app = useApp();
  const t = useText();
  const history = useHistory();
  const asked = new URLSearchParams(useLocation().search).get("tab") ?? "jobs";
  const tab = asked in TABS ? asked : "jobs";
  const health = useLoaded(() => app.ops.health(), []);
  const [status, setStatus] = React.useState<Status>();
  const read = () => app.ops.status().then(setStatus);
  React.useEffect(() => void read().catch(() => undefined), []);
  const busy = !!status && (status.running.length > 0 || status.setup?.state === "running");
  const bare = !!health.data && health.data.runtime.state !== "ready" && health.data.where.mode !== "worker";
  usePoll(read, busy || tab === "jobs", busy ? STATUS_EVERY : STATUS_EVERY * 4);

  return (
    <div className="sai sai-page container-fluid">
      <header>
        <h2><Glyph name="face" /> StashAI</h2>
        {health.data && <Summary health={health.data} />}
      </header>
      {health.error !== undefined && <Trouble error={health.error} retry={health.reload} />}
      {bare && <SetUpHere onDone={() => (health.reload(), void read().catch(() => undefined))} />}
      {status && <Learning status={status} />}
      <Nav variant="tabs" role="tablist" activeKey={tab} onSelect={(key) => key && history.replace({ search: `?tab=${key}` })}>
        {Object.entries(TABS).map(([key, text]) => (
          <Nav.Item key={key} role="presentation"><Nav.Link eventKey={key}>{t(text)}</Nav.Link></Nav.Item>
        ))}
      </Nav>
      <div role="tabpanel" aria-label={t(TABS[tab] as Key)}>
        {!bare && tab === "jobs" && <Jobs status={status} />}
        {!bare && tab === "people" && <People onChanged={() => (health.reload(), void read().catch(() => undefined))} />}
        {!bare && tab === "history" && <History />}
        {!bare && tab === "charts" && <Charts />}
        {tab === "system" && <System health={health.data} onWiped={health.reload} />}
      </div>
    </div>
  );
};

/** What is not installed yet can be installed from here, too. */
const SetUpHere: React.FC<{ onDone(): void }> = ({ onDone }) => {
  const app = useApp();
  const toast = useToast();
  const [setup, setSetup] = React.useState<SetupStatus>();
  const running = setup?.state === "running";
  const read = () =>
    app.ops.setupStatus().then((next) => {
      setSetup(next);
      if (next.state === "done") onDone();
    });
  React.useEffect(() => void read().catch((error: unknown) => toast.error(error)), []);
  usePoll(read, running);
  const accept = () => void app.ops.setUp().then(setSetup, (error: unknown) => toast.error(error));
  if (!setup || setup.state === "done") return null;
  if (running) return <SetupProgress setup={setup} />;
  return (
    <>
      {setup.state === "failed" && <Trouble error={new Failure({ code: setup.said?.code || "setup", message: setup.message ?? "", remedy: setup.remedy, params: setup.said?.params })} retry={accept} />}
      {setup.plan && <SetupQuestion plan={setup.plan} onAccept={accept} />}
    </>
  );
};

const Summary: React.FC<{ health: Health }> = ({ health }) => {
  const t = useText();
  const modes = { local: "runsHere", worker: "runsWorker", unavailable: "runsNowhere" } as const;
  const { mode, code, reason, remedy } = health.where;
  const { what, help } = t.failure({ code: code ?? "", message: reason ?? "", remedy });
  return (
    <div className="sai-summary">
      <Badge kind={mode === "unavailable" ? "bad" : "good"} title={what}>{t(modes[mode])}</Badge>
      <span>{t("peopleKnown", { n: health.people })}</span>
      <span className="sai-soft">{t("referencesKnown", { n: health.references })}</span>
      {mode === "unavailable" && code !== "setup-needed" && what && <p>{[what, help].filter(Boolean).join(" ")}</p>}
    </div>
  );
};

const Learning: React.FC<{ status: Status }> = ({ status }) => {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const { learned, setup } = status;
  if (setup?.state === "running") return null;
  if (!learned || learned.total === 0 || learned.done >= learned.total) return null;
  const start = () => app.ops.task("Learn my performers' faces").then(() => toast.success(t("learnStarted")), (error: unknown) => toast.error(error));
  return (
    <div className="sai-banner">
      <span>{t("learnedOf", { done: learned.done, total: learned.total })}</span>
      <Bar fraction={learned.done / learned.total} label={t("learnNow")} />
      {status.running.length === 0 && <Button size="sm" onClick={() => void start()}>{t("learnNow")}</Button>}
    </div>
  );
};
