import * as Plot from "@observablehq/plot";
import { PALETTE } from "virtual:report-palette";
import type { CloudKind, CloudPart } from "../engine/protocol.ts";

export interface CloudTexts {
  across: string;
  lesion: string;
  kinds: Record<CloudKind["kind"], string>;
}

/** Height of a cloud, and the share of the range that its dots may fill: most of them are in the middle. */
const CLOUD_HEIGHT = 130;
const FILLED = 0.1;

/** The least and largest radius of a dot. */
const RADIUS = [1, 3.4] as const;

const FILL = { random: PALETTE.MUTED.light, "random-active": PALETTE.ACTIVE.light };

/** The margin drop of a lesion, a line, in the cloud of those of random sets, a dot each. */
export function cloudFigure(part: CloudPart, texts: CloudTexts, width: number): SVGSVGElement {
  const kinds = part.kinds.filter((kind) => kind.reason === null);
  const dots = kinds.flatMap(({ kind, marginDrops }) =>
    Array.from(marginDrops, (drop) => ({ drop, name: texts.kinds[kind], fill: FILL[kind] })),
  );
  const ranges = kinds.flatMap(({ kind, range }) =>
    range ? [{ low: range[0], high: range[1], name: texts.kinds[kind] }] : [],
  );
  const names = kinds.map(({ kind }) => texts.kinds[kind]);
  const [low, high] = domainOf(part);
  const radius = Math.min(...kinds.map((kind) => radiusOf(kind, width / (high - low || 1))));
  const figure = Plot.plot({
    width,
    height: 80 + CLOUD_HEIGHT * names.length,
    marginTop: 26,
    marginBottom: 44,
    marginLeft: 12,
    marginRight: 12,
    style: { color: PALETTE.SOFT.light, fontFamily: "inherit", fontSize: "12px" },
    x: {
      label: texts.across,
      labelOffset: 40,
      nice: true,
      grid: true,
      domain: [low, high],
    },
    fy: { domain: names, axis: null, padding: 0.12 },
    marks: [
      Plot.rect(ranges, {
        x1: "low",
        x2: "high",
        fy: "name",
        fill: PALETTE.BAND.light,
        fillOpacity: 0.45,
      }),
      Plot.ruleX([0], { stroke: PALETTE.SOFT.light, strokeDasharray: "2 3" }),
      Plot.dot(
        dots,
        Plot.dodgeY({
          x: "drop",
          fy: "name",
          r: radius,
          fill: "fill",
          padding: 0.4,
          anchor: "middle",
        }),
      ),
      Plot.ruleX([part.marginDrop], { stroke: PALETTE.VERMILION.light, strokeWidth: 2.5 }),
      Plot.text(names, {
        fy: (name: string) => name,
        text: (name: string) => name,
        frameAnchor: "top-left",
        dy: 2,
        fill: PALETTE.INK.light,
        fontWeight: 600,
      }),
      Plot.text([part.marginDrop], {
        x: (drop: number) => drop,
        fy: () => names[0],
        text: () => texts.lesion,
        frameAnchor: "top",
        textAnchor: part.marginDrop > (low + high) / 2 ? "end" : "start",
        dy: -16,
        fill: PALETTE.INK.light,
        fontWeight: 600,
      }),
    ],
  });
  return figure as SVGSVGElement;
}

/** The radius with which the dots of a cloud have room, where a logit takes so many pixels. */
function radiusOf({ marginDrops, range }: CloudKind, pixels: number): number {
  const [least, most] = RADIUS;
  if (!range || marginDrops.length === 0) return most;
  const room = FILLED * CLOUD_HEIGHT * (range[1] - range[0]) * pixels;
  const radius = Math.sqrt(room / marginDrops.length) / 2;
  return Math.min(most, Math.max(least, radius));
}

/** All drops, 0 included. */
function domainOf(part: CloudPart): [number, number] {
  const drops = part.kinds.flatMap(({ marginDrops }) => Array.from(marginDrops));
  return [Math.min(0, part.marginDrop, ...drops), Math.max(0, part.marginDrop, ...drops)];
}
