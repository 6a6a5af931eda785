// The neurons of a layer: mean difference against -log10 q. On the page by uPlot, which draws thousands of
// points in a few milliseconds; for a file by Observable Plot, which draws SVG.

import * as Plot from "@observablehq/plot";
import uPlot from "uplot";
import { PALETTE } from "virtual:report-palette";
import type { LayerNeurons } from "../engine/protocol.ts";
import { tone } from "./tone.ts";

/** The points of a layer, sorted by their horizontal place, as uPlot wants them. */
export interface VolcanoPoints {
  /** The neuron of each point. */
  neurons: number[];
  across: number[];
  up: number[];
  labels: number[];
}

export interface VolcanoTexts {
  across: string;
  up: string;
}

/** How large an area the points of a layer take. Layers side by side share one. */
export interface VolcanoExtent {
  across: number;
  up: number;
}

/** Pixels within which a point counts as pointed at. */
const REACH = 14;

const LABEL_TONES = [PALETTE.MUTED, PALETTE.BLUE, PALETTE.VERMILION];

export function volcanoPoints(layer: LayerNeurons): VolcanoPoints {
  const { meanDifference, minusLogQ, label } = layer;
  const neurons = Array.from(meanDifference.keys());
  const place = (neuron: number) => meanDifference[neuron] ?? 0;
  neurons.sort((one, other) => place(one) - place(other));
  return {
    neurons,
    across: neurons.map(place),
    up: neurons.map((neuron) => minusLogQ[neuron] ?? 0),
    labels: neurons.map((neuron) => label[neuron] ?? 0),
  };
}

export function volcanoExtent(layers: LayerNeurons[]): VolcanoExtent {
  const extent: VolcanoExtent = { across: 0, up: 0 };
  for (const { meanDifference, minusLogQ } of layers) {
    for (const value of meanDifference) extent.across = Math.max(extent.across, Math.abs(value));
    for (const value of minusLogQ) extent.up = Math.max(extent.up, value);
  }
  return { across: 1.05 * (extent.across || 1), up: 1.05 * (extent.up || 1) };
}

/** Columns for uPlot: the lesioned points, those of each label, and the one that is looked at. */
export function volcanoData(
  points: VolcanoPoints,
  lesioned: ReadonlySet<number>,
  looked: number | null,
): uPlot.AlignedData {
  const { neurons, across, up, labels } = points;
  const column = (belongs: (index: number) => boolean) =>
    up.map((value, index) => (belongs(index) ? value : null));
  return [
    across,
    column((index) => lesioned.has(neurons[index] ?? -1)),
    ...LABEL_TONES.map((_, label) => column((index) => labels[index] === label)),
    column((index) => neurons[index] === looked),
  ];
}

export function volcanoOptions(
  size: { width: number; height: number },
  texts: VolcanoTexts,
  extent: VolcanoExtent,
  onBrush: (plot: uPlot) => void,
): uPlot.Options {
  const axis = (label: string): uPlot.Axis => ({
    label,
    labelSize: 18,
    labelFont: "12px system-ui, sans-serif",
    font: "11px system-ui, sans-serif",
    size: 34,
    stroke: () => tone(PALETTE.SOFT),
    grid: { stroke: () => tone(PALETTE.GRID), width: 1 },
    ticks: { show: false },
  });
  const series = (points: uPlot.Series.Points): uPlot.Series => ({
    paths: () => null,
    points: { show: true, space: 0, ...points },
  });
  return {
    ...size,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      points: { show: false },
      drag: { x: true, y: true, setScale: false, dist: 4 },
    },
    scales: {
      x: { time: false, range: [-extent.across, extent.across] },
      y: { range: [0, extent.up] },
    },
    axes: [axis(texts.across), axis(texts.up)],
    series: [
      {},
      // Rings are below the points, so that the colours of many lesioned ones are seen.
      series({ size: 8, width: 1, stroke: () => tone(PALETTE.INK), fill: "transparent" }),
      ...LABEL_TONES.map((labelTone) => series({ size: 5, width: 0, fill: () => tone(labelTone) })),
      series({ size: 13, width: 2.5, stroke: () => tone(PALETTE.PURPLE), fill: "transparent" }),
    ],
    hooks: { setSelect: [onBrush] },
  };
}

/** The point of a neuron beside another one on the horizontal axis, so many places further. */
export function neighbour(points: VolcanoPoints, neuron: number | null, step: number): number {
  const { neurons } = points;
  const last = neurons.length - 1;
  const place = neuron === null ? Math.floor(last / 2) : neurons.indexOf(neuron) + step;
  return neurons[Math.min(last, Math.max(0, place))] ?? 0;
}

/** The neurons in the rectangle that the user drew. */
export function brushedNeurons(plot: uPlot, points: VolcanoPoints): number[] {
  const { left, top, width, height } = plot.select;
  const [low, high] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  const [bottom, ceiling] = [plot.posToVal(top + height, "y"), plot.posToVal(top, "y")];
  return points.neurons.filter((_, index) => {
    const [across, up] = [points.across[index] ?? 0, points.up[index] ?? 0];
    return across >= low && across <= high && up >= bottom && up <= ceiling;
  });
}

/** The neuron that is closest to the pointer, if one is close. */
export function neuronAt(
  plot: uPlot,
  points: VolcanoPoints,
  pointer: { left: number; top: number },
): number | null {
  let closest: number | null = null;
  let least = REACH;
  for (const [index, neuron] of points.neurons.entries()) {
    const left = plot.valToPos(points.across[index] ?? 0, "x");
    const top = plot.valToPos(points.up[index] ?? 0, "y");
    const distance = Math.hypot(left - pointer.left, top - pointer.top);
    if (distance < least) [closest, least] = [neuron, distance];
  }
  return closest;
}

/** A layer in a figure that is saved. */
export interface VolcanoPanel {
  title: string;
  points: VolcanoPoints;
  lesioned: ReadonlySet<number>;
}

/** The size of a figure that is saved: of a layer by itself, and of one of several beside each other. */
const WHOLE = { width: 720, height: 420 };
const PANEL = { width: 300, height: 240 };

/** Panels beside each other, at most. */
const COLUMNS = 3;

/** The same figure as SVG, to be saved: one layer, or several on the same axes. */
export function volcanoSvg(
  panels: VolcanoPanel[],
  extent: VolcanoExtent,
  texts: VolcanoTexts,
): SVGSVGElement {
  const columns = Math.min(COLUMNS, panels.length);
  const lines = Math.ceil(panels.length / columns);
  const placed = panels.map((panel, index) => ({
    ...panel,
    column: index % columns,
    line: Math.floor(index / columns),
  }));
  const dots = placed.flatMap(dotsOf);
  const size =
    panels.length > 1 ? { width: columns * PANEL.width, height: lines * PANEL.height } : WHOLE;
  const place = { x: "across", y: "up", fx: "column", fy: "line" };
  const figure = Plot.plot({
    ...size,
    style: { color: PALETTE.SOFT.light },
    x: { label: texts.across, grid: true, domain: [-extent.across, extent.across] },
    y: { label: texts.up, grid: true, domain: [0, extent.up] },
    fx: { axis: null },
    fy: { axis: null },
    marks: [
      Plot.dot(
        dots.filter((dot) => dot.isLesioned),
        { ...place, r: 4, stroke: PALETTE.INK.light },
      ),
      Plot.dot(dots, { ...place, r: 2.5, fill: "fill" }),
      Plot.text(placed, {
        fx: "column",
        fy: "line",
        text: "title",
        frameAnchor: "top-left",
        dx: 4,
        fill: PALETTE.INK.light,
        fontWeight: 600,
      }),
    ],
  });
  return figure as SVGSVGElement;
}

function dotsOf(panel: VolcanoPanel & { column: number; line: number }) {
  const { points, lesioned, column, line } = panel;
  return points.neurons.map((neuron, index) => ({
    column,
    line,
    across: points.across[index] ?? 0,
    up: points.up[index] ?? 0,
    fill: LABEL_TONES[points.labels[index] ?? 0]?.light ?? PALETTE.MUTED.light,
    isLesioned: lesioned.has(neuron),
  }));
}
