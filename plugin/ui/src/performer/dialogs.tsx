/** A performer's look-alikes, and two performers compared: what each model says, and how probable it is that they are one person. */
import * as React from "react";
import { Button, Dropdown, Modal } from "react-bootstrap";
import type { PerformerDialog } from "../app";
import { useApp, useFocusBack, useLoaded, useShortcutsPaused, useStore, useText } from "../context";
import { performerImage } from "../host";
import { ADD_FROM } from "../review/useReview";
import { Bar, Empty, Face, Glyph, PerformerLink, Probability, Trouble, Waiting } from "../parts/basics";
import { PerformerSearch } from "../parts/PerformerSearch";

export const PerformerMenu: React.FC<{ id: string }> = ({ id }) => {
  const app = useApp();
  const t = useText();
  return (
    <Dropdown className="sai-performer-menu d-inline-block mr-2" alignRight>
      <Dropdown.Toggle variant="secondary" id="stashai-performer"><Glyph name="face" /> {t("faces")}</Dropdown.Toggle>
      <Dropdown.Menu className="bg-secondary text-white">
        <Dropdown.Item className="bg-secondary text-white" onClick={() => app.performer.set({ kind: "similar", id })}>{t("similar")}</Dropdown.Item>
        <Dropdown.Item className="bg-secondary text-white" onClick={() => app.performer.set({ kind: "compare", id })}>{t("compareWith")}</Dropdown.Item>
      </Dropdown.Menu>
    </Dropdown>
  );
};

export const PerformerDialogs: React.FC = () => {
  const app = useApp();
  const open = useStore(app.performer);
  return open ? <Dialog open={open} /> : null;
};

const Dialog: React.FC<{ open: PerformerDialog }> = ({ open }) => {
  const app = useApp();
  const t = useText();
  useShortcutsPaused(true);
  useFocusBack();
  const name = document.querySelector(".performer-name")?.textContent ?? "";
  return (
    <Modal show size="lg" scrollable onHide={() => app.performer.set(null)} dialogClassName="sai" aria-labelledby="sai-performer-title" animation={false}>
      <Modal.Header closeButton closeLabel={t("close")}>
        <Modal.Title id="sai-performer-title" as="h4">{open.kind === "similar" ? t("similarTo", { name }) : t("compareTitle")}</Modal.Title>
      </Modal.Header>
      <Modal.Body>
        {open.kind === "similar" ? <SimilarPeople id={open.id} /> : open.other ? <Compare a={{ id: open.id, name }} b={open.other} /> : <ChooseOther open={open} />}
      </Modal.Body>
    </Modal>
  );
};

const ChooseOther: React.FC<{ open: PerformerDialog }> = ({ open }) => {
  const app = useApp();
  const t = useText();
  return (
    <div className="sai-choose-other">
      <p className="sai-soft">{t("compareChoose")}</p>
      <PerformerSearch without={open.id} onChoose={(other) => app.performer.set({ ...open, other })} />
    </div>
  );
};

const SimilarPeople: React.FC<{ id: string }> = ({ id }) => {
  const app = useApp();
  const t = useText();
  const { data, error, loading, reload } = useLoaded(() => app.ops.similar(id), [id]);
  if (error) return <Trouble error={error} retry={reload} />;
  if (!data) return loading ? <Waiting /> : null;
  if (data.length === 0) return <Empty text={t("noSimilar")} />;
  return (
    <>
      <p className="sai-soft">{t("similarHint")}</p>
      <ul className="sai-similar">
        {[...data].sort((one, other) => other.probability - one.probability).map((one) => (
          <li key={one.performer_id}>
            <Face src={performerImage(one.performer_id)} label={one.name} size="l" />
            <PerformerLink id={one.performer_id} name={one.name} />
            <small className="sai-soft">{t("onePerson")}</small>
            <Probability value={one.probability} addFrom={ADD_FROM} />
            <Button size="sm" variant="secondary" onClick={() => app.performer.set({ kind: "compare", id, other: { id: one.performer_id, name: one.name } })}>{t("compare")}</Button>
          </li>
        ))}
      </ul>
    </>
  );
};

interface Somebody {
  id: string;
  name: string;
}

const Compare: React.FC<{ a: Somebody; b: Somebody }> = ({ a, b }) => {
  const app = useApp();
  const t = useText();
  const { data, error, reload } = useLoaded(() => app.ops.compare(a.id, b.id), [a.id, b.id]);
  if (error) return <Trouble error={error} retry={reload} />;
  if (!data) return <Waiting />;
  return (
    <div className="sai-compare">
      <div className="sai-pair">
        {[a, b].map((one, side) => (
          <div key={one.id}>
            <Face src={data.crops[side] || performerImage(one.id)} label="" size="l" />
            <PerformerLink id={one.id} name={one.name} />
          </div>
        ))}
      </div>
      <p className="sai-verdict">{t("onePersonProbability", { percent: t.percent(data.probability) })}</p>
      <table className="sai-parts">
        <thead><tr><th>{t("model")}</th><th>{t("similarity")}</th></tr></thead>
        <tbody>
          {data.scores.map((score) => (
            <tr key={score.model}>
              <td>{score.model}</td>
              <td><Bar fraction={Math.max(0, score.similarity)} label={score.model} /> {t.number(Math.round(score.similarity * 100) / 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
