/** The one question before the first name: what is fetched, how much, from where, into which folder. Then how far it is. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { useText } from "../context";
import { Bar } from "../parts/basics";
import type { SetupPlan, SetupStatus } from "../types";

export const SetupQuestion: React.FC<{ plan: SetupPlan; onAccept(): void; onCancel?(): void }> = ({ plan, onAccept, onCancel }) => {
  const t = useText();
  return (
    <div className="sai-setup">
      <h3 className="h5">{t("setupTitle")}</h3>
      <p>{t("setupText")}</p>
      <table className="sai-parts">
        <tbody>
          {plan.parts.map((part) => (
            <tr key={part.name}>
              <td>{part.name}<small className="sai-soft">{t("setupFrom", { from: part.from })}</small></td>
              <td>{t("megabytes", { mb: part.mb < 10 ? Math.round(part.mb * 10) / 10 : Math.round(part.mb) })}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr><td>{t("setupWhere")} <code>{plan.folder}</code></td><td>{t("setupSize", { mb: Math.round(plan.download_mb) })}</td></tr>
        </tfoot>
      </table>
      <div className="sai-buttons">
        {onCancel && <Button variant="secondary" onClick={onCancel}>{t("cancel")}</Button>}
        <Button variant="primary" autoFocus={!!onCancel} onClick={onAccept}>{t("setupYes")}</Button>
      </div>
    </div>
  );
};

export const SetupProgress: React.FC<{ setup: SetupStatus | null }> = ({ setup }) => {
  const t = useText();
  return (
    <div className="sai-setup" role="status">
      <h3 className="h5">{t("setupRunning")}</h3>
      <Bar fraction={setup && setup.fraction > 0 ? setup.fraction : null} label={t("setupRunning")} />
      <p>{[setup?.said && t.said(setup.said), setup && setup.fraction > 0 ? t.share(setup.fraction) : ""].filter(Boolean).join(" · ")}</p>
      <p className="sai-soft">{t("setupStays")}</p>
    </div>
  );
};
