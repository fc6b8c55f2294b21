/** How much was done, how well and how fast, over time. Small SVG charts of our own: so few need no library. */
import * as React from "react";
import { useApp, useLoaded, useText } from "../context";
import { niceTop, sparse } from "../lib/scale";
import { span } from "../lib/time";
import { Empty, Filters, Read } from "../parts/basics";
import type { Statistics } from "../types";

const DAYS = [7, 30, 90];

export const Charts: React.FC = () => {
  const app = useApp();
  const t = useText();
  const [days, setDays] = React.useState(30);
  const read = useLoaded(() => app.ops.statistics(days), [days]);
  return (
    <Read of={read}>
      {(data) => (
        <>
          <Filters<number> options={DAYS.map((n) => [n, t("days", { n })] as const)} value={days} onChange={setDays} />
          {data.jobs.length === 0 && data.confidence.every((one) => one.count === 0) ? <Empty icon="clock" text={t("noNumbers")} /> : <All data={data} />}
        </>
      )}
    </Read>
  );
};

const All: React.FC<{ data: Statistics }> = ({ data }) => {
  const t = useText();
  const { jobs } = data;
  const days = jobs.map((job) => t.day(job.day));
  const ended = (job: Statistics["jobs"][number]) => job.ok + job.failed + job.cancelled;
  return (
    <div className="sai-charts">
      <Columns
        title={t("chartJobs")}
        labels={days}
        series={[
          { name: t("stCompleted"), kind: "good", values: jobs.map((job) => job.ok) },
          { name: t("stFailed"), kind: "bad", values: jobs.map((job) => job.failed) },
          { name: t("stCancelled"), kind: "soft", values: jobs.map((job) => job.cancelled) },
        ]}
        text={t.number}
      />
      <Line title={t("chartSuccess")} labels={days} values={jobs.map((job) => (ended(job) ? job.ok / ended(job) : null))} top={1} text={t.share} />
      <Line title={t("chartTime")} labels={days} values={jobs.map((job) => (job.items ? job.seconds / job.items : null))} text={(seconds) => span(seconds, t.number)} />
      <Line title={t("chartSure")} labels={data.means.map((one) => t.day(one.day))} values={data.means.map((one) => one.mean)} top={1} text={t.share} />
      <Columns
        title={t("chartConfidence")}
        labels={data.confidence.map((one) => t.share(one.bin))}
        series={[{ name: t("chartConfidence"), kind: "plain", values: data.confidence.map((one) => one.count) }]}
        text={t.number}
      />
    </div>
  );
};

const [W, H, LEFT, BOTTOM, TOP] = [420, 180, 44, 22, 10];
const WIDEST = 36;

const Frame: React.FC<{ title: string; labels: string[]; top: number; text(value: number): string; summary: string }> = ({ title, labels, top, text, summary, children }) => (
  <figure className="sai-card sai-chart">
    <figcaption>{title}</figcaption>
    <svg viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`${title}: ${summary}`}>
      {[0, 0.5, 1].map((part) => {
        const y = H - BOTTOM - part * (H - BOTTOM - TOP);
        return (
          <g key={part}>
            <line className="sai-axis" x1={LEFT} x2={W} y1={y} y2={y} />
            <text x={LEFT - 6} y={y + 4} textAnchor="end">{text(part * top)}</text>
          </g>
        );
      })}
      {sparse(labels.length, 6).map((index) => (
        <text key={index} x={center(index, labels.length)} y={H - 6} textAnchor={index > 0 && index === labels.length - 1 ? "end" : "middle"} dx={index > 0 && index === labels.length - 1 ? 8 : 0}>{labels[index]}</text>
      ))}
      {children}
    </svg>
  </figure>
);

const center = (index: number, count: number) => LEFT + ((index + 0.5) / count) * (W - LEFT);
const height = (value: number, top: number) => (value / top) * (H - BOTTOM - TOP);

interface Series {
  name: string;
  kind: "good" | "bad" | "soft" | "plain";
  values: number[];
}

const Columns: React.FC<{ title: string; labels: string[]; series: Series[]; text(value: number): string }> = ({ title, labels, series, text }) => {
  const sums = labels.map((_, index) => series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0));
  const top = 2 * Math.ceil(niceTop(Math.max(2, ...sums)) / 2);
  const width = Math.min(WIDEST, Math.max(2, ((W - LEFT) / Math.max(1, labels.length)) * 0.7));
  return (
    <Frame title={title} labels={labels} top={top} text={text} summary={sums.map(text).join(", ")}>
      {labels.map((label, index) => {
        let base = 0;
        return series.map((one) => {
          const value = one.values[index] ?? 0;
          const y = H - BOTTOM - height(base + value, top);
          base += value;
          return value > 0 && (
            <rect key={`${index}${one.name}`} className={`sai-fill-${one.kind}`} x={center(index, labels.length) - width / 2} y={y} width={width} height={height(value, top)} rx="1">
              <title>{`${label}: ${text(value)} ${one.name}`}</title>
            </rect>
          );
        });
      })}
    </Frame>
  );
};

const Line: React.FC<{ title: string; labels: string[]; values: (number | null)[]; top?: number; text(value: number): string }> = ({ title, labels, values, top: fixed, text }) => {
  const known = values.filter((value): value is number => value !== null);
  const top = fixed ?? niceTop(Math.max(0.1, ...known));
  const points = values.flatMap((value, index) => (value === null ? [] : [{ x: center(index, values.length), y: H - BOTTOM - height(value, top), value, label: labels[index] }]));
  return (
    <Frame title={title} labels={labels} top={top} text={text} summary={known.map(text).join(", ")}>
      <polyline className="sai-curve" points={points.map((point) => `${point.x},${point.y}`).join(" ")} />
      {points.map((point) => (
        <circle key={point.x} className="sai-fill-plain" cx={point.x} cy={point.y} r="3"><title>{`${point.label}: ${text(point.value)}`}</title></circle>
      ))}
    </Frame>
  );
};
