import * as Plot from "@observablehq/plot";
import { PALETTE } from "virtual:report-palette";
import type { NeuronCard } from "../engine/protocol.ts";

const SIDES = [PALETTE.BLUE.light, PALETTE.VERMILION.light];

/** The activations of a neuron on both sides of every pair: a dot each, and a line for each pair. */
export function sidesFigure(
  card: NeuronCard,
  site: "pre" | "post",
  acrossText: string,
  width: number,
): SVGSVGElement {
  const dots = card.sides.flatMap((side, index) =>
    side.sentences.map((sentence, row) => ({
      sentence,
      label: side.label,
      stroke: SIDES[index],
      activation: side[site][row] ?? Number.NaN,
    })),
  );
  const [first, second] = card.sides;
  const pairs = card.isPaired
    ? first.sentences.map((_, row) => ({ from: first[site][row], to: second[site][row] }))
    : [];
  const figure = Plot.plot({
    width,
    height: 205,
    marginBottom: 44,
    marginLeft: 56,
    marginRight: 12,
    style: { color: PALETTE.SOFT.light, fontFamily: "inherit", fontSize: "12px" },
    x: { label: acrossText, labelOffset: 40, grid: true, nice: true },
    y: { label: null, domain: card.sides.map((side) => side.label), type: "point", padding: 0.5 },
    marks: [
      Plot.link(pairs, {
        x1: "from",
        x2: "to",
        y1: () => first.label,
        y2: () => second.label,
        stroke: PALETTE.MUTED.light,
        strokeOpacity: 0.35,
      }),
      Plot.dot(dots, {
        x: "activation",
        y: "label",
        r: 4,
        stroke: "stroke",
        strokeWidth: 1.5,
        title: "sentence",
      }),
      Plot.dot(
        dots,
        Plot.groupY(
          { x: "mean" },
          { x: "activation", y: "label", r: 8, symbol: "diamond2", fill: "stroke" },
        ),
      ),
    ],
  });
  return figure as SVGSVGElement;
}
