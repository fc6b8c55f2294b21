/** Settings → Plugins → StashAI: a real form instead of raw fields, in the look of Stash's own settings. */
import * as React from "react";
import { Button, Form } from "react-bootstrap";
import { Link } from "react-router-dom";
import { useApp, useLoaded, useText } from "../context";
import { PAGE } from "../host";
import type { Key } from "../i18n/translate";
import { failureText } from "../api/graphql";
import { Badge, Trouble, Waiting } from "../parts/basics";
import type { Settings } from "../types";

export const SettingsForm: React.FC = () => {
  const app = useApp();
  const { data, error, reload } = useLoaded(() => app.ops.settings(), []);
  if (error) return <div className="sai sai-settings"><Trouble error={error} retry={reload} /></div>;
  return <div className="sai sai-settings plugin-settings">{data ? <FormOf initial={data} /> : <Waiting />}</div>;
};

/** One line of Stash's settings: heading and explanation at the left, the control at the right. */
const Line: React.FC<{ id: string; heading: Key; hint?: Key }> = ({ id, heading, hint, children }) => {
  const t = useText();
  return (
    <div className="setting" id={`plugin-stashai-${id}`}>
      <div>
        <h3 id={`sai-h-${id}`}>{t(heading)}</h3>
        {hint && <div className="sub-heading">{t(hint)}</div>}
      </div>
      <div role="group" aria-labelledby={`sai-h-${id}`}>{children}</div>
    </div>
  );
};

const FormOf: React.FC<{ initial: Settings }> = ({ initial }) => {
  const app = useApp();
  const t = useText();
  const [saved, setSaved] = React.useState(initial);
  const [values, setValues] = React.useState(initial);
  const [state, setState] = React.useState<"" | "saving" | "saved">("");
  const [error, setError] = React.useState<unknown>();
  const dirty = JSON.stringify(saved) !== JSON.stringify(values);
  const put = (change: Partial<Settings>) => (setValues({ ...values, ...change }), setState(""));
  const learn = (change: Partial<Settings["learn"]>) => put({ learn: { ...values.learn, ...change } });

  async function save() {
    setState("saving");
    setError(undefined);
    try {
      const next = await app.ops.saveSettings(values);
      setSaved(next);
      setValues(next);
      setState("saved");
    } catch (failure) {
      setError(failure);
      setState("");
    }
  }

  return (
    <Form onSubmit={(event) => (event.preventDefault(), void save())}>
      <Line id="run_on" heading="setRunOn" hint="runOnHint">
        <Choice name="run_on" value={values.run_on} options={{ auto: "runAuto", local: "runLocal", worker: "runWorker" }} onChange={(run_on) => put({ run_on })} />
      </Line>
      {values.run_on !== "local" && <Worker values={values} onAddress={(address) => put({ worker: { ...values.worker, address } })} onToken={() => put({ worker: { ...values.worker, has_token: true } })} />}
      {values.run_on !== "local" && (
        <Line id="wait" heading="waitForWorker" hint="waitForWorkerHint">
          <Form.Check custom type="switch" id="sai-wait" label="" aria-label={t("waitForWorker")} checked={values.wait} onChange={(event) => put({ wait: event.target.checked })} />
        </Line>
      )}
      <Line id="profile" heading="profile" hint="profileHint">
        <Choice name="profile" value={values.profile} options={{ fast: "fast", balanced: "balanced", thorough: "thorough" }} onChange={(profile) => put({ profile })} />
      </Line>
      <Line id="suggest_from" heading="suggestFrom" hint="suggestFromHint">
        <Percent label={t("suggestFrom")} value={values.suggest_from} onChange={(suggest_from) => put({ suggest_from })} />
      </Line>
      <Line id="add_from" heading="addFrom" hint="addFromHint">
        <Percent label={t("addFrom")} value={values.add_from} onChange={(add_from) => put({ add_from })} />
      </Line>
      <Line id="auto_from" heading="autoFrom" hint="autoFromHint">
        <Form.Check custom type="switch" id="sai-auto" label={values.auto_from === null ? t("off") : ""} aria-label={t("autoFrom")} checked={values.auto_from !== null} onChange={(event) => put({ auto_from: event.target.checked ? 0.99 : null })} />
        {values.auto_from !== null && <Percent label={t("autoFrom")} value={values.auto_from} onChange={(auto_from) => put({ auto_from })} />}
      </Line>
      <Line id="learn" heading="learnFrom">
        <div className="sai-checks">
          <Form.Check id="sai-learn-1" label={t("learnImages")} checked={values.learn.performer_images} onChange={(event) => learn({ performer_images: event.target.checked })} />
          <Form.Check id="sai-learn-2" label={t("learnTagged")} checked={values.learn.tagged_images} onChange={(event) => learn({ tagged_images: event.target.checked })} />
          <Form.Check id="sai-learn-3" label={t("learnScenes")} checked={values.learn.scenes} onChange={(event) => learn({ scenes: event.target.checked })} />
        </div>
      </Line>
      <Line id="data_folder" heading="dataFolder" hint="dataHint">
        <Form.Control className="text-input" aria-label={t("dataFolder")} value={values.data_folder} onChange={(event) => put({ data_folder: event.target.value })} />
      </Line>
      {error !== undefined && <Trouble error={error} />}
      <div className="setting sai-save">
        <div><Link to={PAGE}>{t("openPage")}</Link></div>
        <div>
          <span className="sai-soft" role="status">{state === "saved" && !dirty ? t("saved") : dirty ? t("unsavedHint") : ""}</span>
          <Button type="submit" disabled={!dirty || state === "saving"}>{t("save")}</Button>
        </div>
      </div>
    </Form>
  );
};

function Choice<V extends string>({ name, value, options, onChange }: { name: string; value: V; options: Record<V, Key>; onChange(value: V): void }) {
  const t = useText();
  return (
    <Form.Control as="select" className="input-control" name={name} aria-labelledby={`sai-h-${name}`} value={value} onChange={(event) => onChange(event.target.value as V)}>
      {(Object.keys(options) as V[]).map((option) => <option key={option} value={option}>{t(options[option])}</option>)}
    </Form.Control>
  );
}

const Percent: React.FC<{ label: string; value: number; onChange(value: number): void }> = ({ label, value, onChange }) => {
  const t = useText();
  return (
    <div className="sai-percent">
      <input type="range" className="custom-range" min={5} max={99} aria-label={label} aria-valuetext={t.share(value)} value={Math.round(value * 100)} onChange={(event) => onChange(Number(event.target.value) / 100)} />
      <output>{t.share(value)}</output>
    </div>
  );
};

/** Address and token of the other computer. The token is only ever sent, never read back. */
const Worker: React.FC<{ values: Settings; onAddress(address: string): void; onToken(): void }> = ({ values, onAddress, onToken }) => {
  const app = useApp();
  const t = useText();
  const [token, setToken] = React.useState("");
  const [answer, setAnswer] = React.useState<{ ok: boolean; message: string } | "testing" | null>(null);

  async function test() {
    setAnswer("testing");
    try {
      if (token) {
        await app.ops.setToken(token);
        setToken("");
        onToken();
      }
      const { ok, said } = await app.ops.testWorker(values.worker.address);
      setAnswer({ ok, message: t.said(said) });
    } catch (error) {
      setAnswer({ ok: false, message: failureText(t, error) });
    }
  }

  return (
    <Line id="worker" heading="runWorker" hint="tokenHint">
      <div className="sai-worker">
        <Form.Control className="text-input" aria-label={t("address")} placeholder="http://192.168.1.20:9666" value={values.worker.address} onChange={(event) => onAddress(event.target.value)} />
        <div className="sai-token">
          <Form.Control className="text-input" type="password" autoComplete="new-password" aria-label={t("token")} placeholder={values.worker.has_token ? t("tokenStored") : t("token")} value={token} onChange={(event) => setToken(event.target.value)} />
          <Button variant="secondary" disabled={!values.worker.address || answer === "testing"} onClick={() => void test()}>{answer === "testing" ? t("testing") : t("test")}</Button>
        </div>
        {answer && answer !== "testing" && <div role="status"><Badge kind={answer.ok ? "good" : "bad"}>{answer.message}</Badge></div>}
      </div>
    </Line>
  );
};
