/** Where it runs, with which models and services, and the way to delete every face. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { failureText } from "../api/graphql";
import { useApp, useLoaded, useText, useToast } from "../context";
import { Badge, Trouble, Waiting } from "../parts/basics";
import type { Health, ServiceRow } from "../types";
import { ConfirmTyped } from "./ConfirmTyped";
import { RunService } from "./RunService";

const GOOD = ["ready", "ok", "healthy", "installed", "up"];
const kindOf = (state: string) => (GOOD.includes(state.toLowerCase()) ? "good" : state === "missing" || state === "idle" ? "soft" : "warn");

export const System: React.FC<{ health: Health | undefined; onWiped(): void }> = ({ health, onWiped }) => {
  const t = useText();
  if (!health) return <Waiting />;
  const { runtime } = health;
  const { code, reason, remedy } = health.where;
  const states = { ready: "ready", missing: "missing", installing: "installing", failed: "stFailed" } as const;
  return (
    <div className="sai-system">
      <section className="sai-card">
        <h3 className="h5">{t("where")}</h3>
        <dl>
          <dt>{t("runtime")}</dt>
          <dd>
            <Badge kind={runtime.state === "ready" ? "good" : runtime.state === "failed" ? "bad" : "warn"}>{t(states[runtime.state])}</Badge>{" "}
            Python {health.python.replace(/^cp(\d)/, "$1.")}, {health.libc}, {health.arch}
            {runtime.state !== "ready" && runtime.said?.text && <div className="sai-soft">{t.said(runtime.said)}</div>}
          </dd>
          {reason && <><dt>{t("where")}</dt><dd>{failureText(t, { code: code ?? "", message: reason, remedy })}</dd></>}
          <dt>{t("dataFolder")}</dt><dd><code>{health.data_folder}</code></dd>
          <dt>{t("version")}</dt><dd>{health.version}</dd>
        </dl>
      </section>
      <Models health={health} />
      <Services />
      <Privacy onWiped={onWiped} />
    </div>
  );
};

const Models: React.FC<{ health: Health }> = ({ health }) => {
  const t = useText();
  const roles: Record<string, string> = { detector: t("detector"), embedder: t("embedder") };
  return (
    <section className="sai-card">
      <h3 className="h5">{t("models")}</h3>
      <table className="sai-parts">
        <tbody>
          {health.models.map((model) => (
            <tr key={model.id}>
              <td>{model.id}<small className="sai-soft">{roles[model.role] ?? model.role}</small></td>
              <td>{model.size_mb ? t("megabytes", { mb: Math.round(model.size_mb * 10) / 10 }) : ""} <Badge kind={kindOf(model.state)}>{model.state === "missing" ? t("missing") : GOOD.includes(model.state) ? t("ready") : model.state}</Badge></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

const Services: React.FC = () => {
  const app = useApp();
  const t = useText();
  const { data, error, reload } = useLoaded(() => app.ops.services(), []);
  const [chosen, setChosen] = React.useState<ServiceRow | null>(null);
  return (
    <section className="sai-card">
      <h3 className="h5">{t("services")}</h3>
      {error !== undefined ? <Trouble error={error} retry={reload} /> : !data ? <Waiting /> : (
        <table className="sai-parts">
          <tbody>
            {data.map((service) => (
              <tr key={`${service.name}${service.where}`}>
                <td>
                  {service.type === "added" ? service.name : service.where === "local" ? t("runLocal") : service.name === "Worker" ? t("runWorker") : service.name}
                  <small className="sai-soft">{[service.where === "local" ? "" : service.where, service.said ? t.said(service.said) : service.message].filter(Boolean).join(" · ")}</small>
                </td>
                <td>
                  {service.parameters && <Button size="sm" variant="secondary" aria-label={`${t("runService")} ${service.name}`} onClick={() => setChosen(service)}>{t("runService")}</Button>}{" "}
                  <Badge kind={kindOf(service.state)}>{t(GOOD.includes(service.state) ? "ready" : "stFailed")}</Badge>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {chosen && <RunService service={chosen} onClose={() => setChosen(null)} />}
    </section>
  );
};

const Privacy: React.FC<{ onWiped(): void }> = ({ onWiped }) => {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const [asking, setAsking] = React.useState(false);
  const wipe = (word: string) => void app.ops.wipe(word).then(
      (done) => (toast.success([t("wiped"), done?.worker].filter(Boolean).join(" ")), onWiped()),
      (error: unknown) => toast.error(error),
    );
  return (
    <section className="sai-card">
      <h3 className="h5">{t("privacy")}</h3>
      <p className="sai-soft">{t("wipeText")}</p>
      <Button variant="danger" onClick={() => setAsking(true)}>{t("wipe")}</Button>
      {asking && <ConfirmTyped title={t("wipe")} text={t("wipeText")} ask={t("wipeType")} word="WIPE" button={t("wipe")} onClose={() => setAsking(false)} onConfirm={wipe} />}
    </section>
  );
};
