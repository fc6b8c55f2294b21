/** Small pieces that everything is made of. */
import * as React from "react";
import { Alert, Button, Spinner } from "react-bootstrap";
import { Link } from "react-router-dom";
import { asFailure } from "../api/graphql";
import { useText, type Loaded } from "../context";
import { PAGE, baseUrl, performerImage } from "../host";

export type IconName = keyof typeof ICONS;

/* Drawn here, so that no icon depends on the version of Stash's icon library. 16 × 16, filled by the text's colour. */
const ICONS = {
  face: "M8 1a7 7 0 100 14A7 7 0 008 1zm0 1.4a5.6 5.6 0 110 11.2A5.6 5.6 0 018 2.4zM5.6 5.6a1 1 0 100 2 1 1 0 000-2zm4.8 0a1 1 0 100 2 1 1 0 000-2zM5 9.3a.7.7 0 00-.5 1.1 4.3 4.3 0 007 0 .7.7 0 00-1.1-.8 2.9 2.9 0 01-4.8 0A.7.7 0 005 9.3z",
  check: "M13.7 3.3a1 1 0 010 1.4l-7 7a1 1 0 01-1.4 0l-3-3a1 1 0 011.4-1.4L6 9.6l6.3-6.3a1 1 0 011.4 0z",
  person: "M8 8a3.2 3.2 0 100-6.4A3.2 3.2 0 008 8zm0 1.2c-3 0-5.6 1.6-5.6 3.8 0 .8.6 1.4 1.4 1.4h8.4c.8 0 1.4-.6 1.4-1.4 0-2.2-2.6-3.8-5.6-3.8z",
  clock: "M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM7.3 4h1.4v3.7l2.5 1.5-.7 1.2-3.2-1.9z",
  undo: "M6 2.6v2.6h4a4 4 0 010 8H5.5v-1.5H10a2.5 2.5 0 000-5H6v2.6L2 5.9z",
} as const;

export const Glyph: React.FC<{ name: IconName; className?: string }> = ({ name, className }) => (
  <svg className={`sai-glyph ${className ?? ""}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path fill="currentColor" d={ICONS[name]} />
  </svg>
);

export const Waiting: React.FC<{ text?: string }> = ({ text }) => {
  const t = useText();
  return (
    <div className="sai-waiting" role="status">
      <Spinner animation="border" size="sm" aria-hidden="true" />
      <span>{text ?? t("loading")}</span>
    </div>
  );
};

/** What went wrong and what helps, with a way to go on. */
export const Trouble: React.FC<{ error: unknown; retry?: () => void }> = ({ error, retry }) => {
  const t = useText();
  const failure = asFailure(error);
  const reload = failure.code === "reload";
  const { what, help } = t.failure(failure);
  return (
    <Alert variant={reload ? "info" : "warning"} className="sai-trouble">
      <div>
        <strong>{reload ? t("reload") : what || t("wentWrong")}</strong>
        {help && !reload && <div>{help}</div>}
      </div>
      {reload ? (
        <Button size="sm" onClick={() => window.location.reload()}>{t("reloadNow")}</Button>
      ) : (
        <>
          {failure.code === "setup-needed" && <Button size="sm" href={baseUrl() + PAGE.slice(1)}>{t("openPage")}</Button>}
          {retry && <Button size="sm" variant="secondary" onClick={retry}>{t("retry")}</Button>}
        </>
      )}
    </Alert>
  );
};

/** What was read, once it is there: before, that it is waited for, or what went wrong. */
export function Read<T>({ of: { data, error, reload }, children }: { of: Loaded<T>; children(data: T): React.ReactNode }) {
  return data ? <>{children(data)}</> : error ? <Trouble error={error} retry={reload} /> : <Waiting />;
}

/** One of a few, as buttons in a row. */
export function Filters<V extends string | number>({ options, value, onChange, children }: { options: readonly (readonly [V, string])[]; value: V; onChange(value: V): void; children?: React.ReactNode }) {
  return (
    <div className="sai-filters" role="group">
      {options.map(([one, text]) => <Button key={one} size="sm" variant={value === one ? "primary" : "secondary"} aria-pressed={value === one} onClick={() => onChange(one)}>{text}</Button>)}
      {children}
    </div>
  );
}

export const Empty: React.FC<{ text: string; hint?: string; icon?: IconName }> = ({ text, hint, icon = "face", children }) => (
  <div className="sai-empty">
    <Glyph name={icon} />
    <p>{text}</p>
    {hint && <p className="sai-soft">{hint}</p>}
    {children}
  </div>
);

export const Bar: React.FC<{ fraction: number | null; label: string }> = ({ fraction, label }) => (
  <div
    className={`sai-bar ${fraction === null ? "sai-bar-busy" : ""}`}
    role="progressbar"
    aria-label={label}
    aria-valuemin={0}
    aria-valuemax={100}
    {...(fraction === null ? {} : { "aria-valuenow": Math.round(fraction * 100) })}
  >
    <div style={fraction === null ? undefined : { width: `${Math.min(1, Math.max(0, fraction)) * 100}%` }} />
  </div>
);

export const Badge: React.FC<{ kind?: "soft" | "good" | "warn" | "bad"; title?: string }> = ({ kind = "soft", title, children }) => (
  <span className={`sai-badge sai-badge-${kind}`} title={title}>{children}</span>
);

/** A face with a frame of fixed size; an empty one keeps its place. */
export const Face: React.FC<{ src?: string | null; label: string; size?: "s" | "m" | "l" }> = ({ src, label, size = "m" }) => {
  const [broken, setBroken] = React.useState(false);
  React.useEffect(() => setBroken(false), [src]);
  return src && !broken ? (
    <img className={`sai-face sai-face-${size}`} src={src} alt={label} loading="lazy" onError={() => setBroken(true)} />
  ) : (
    <span className={`sai-face sai-face-${size} sai-face-none`} role="img" aria-label={label}><Glyph name="person" /></span>
  );
};

/** A probability as a pill; its colour says what the user's limits make of it. */
export const Probability: React.FC<{ value: number; addFrom: number }> = ({ value, addFrom }) => {
  const t = useText();
  const strength = value >= addFrom ? "sure" : value >= addFrom - 0.2 ? "likely" : "weak";
  return (
    <span className={`sai-probability sai-${strength}`}>
      <span className="sai-meter" aria-hidden="true"><i style={{ width: `${Math.round(value * 100)}%` }} /></span>
      {t.percent(value)}
    </span>
  );
};

export const PerformerLink: React.FC<{ id: string; name: string; picture?: boolean }> = ({ id, name, picture }) => (
  <Link to={`/performers/${id}`} className="sai-performer">
    {picture && <img src={performerImage(id)} alt="" loading="lazy" />}
    {name}
  </Link>
);
