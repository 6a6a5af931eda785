declare module "virtual:report-palette" {
  /** A colour on white paper, and the one that replaces it on a dark page. */
  export interface Tone {
    light: string;
    dark: string;
  }
  type Name =
    | "INK"
    | "SOFT"
    | "GRID"
    | "BAND"
    | "ACTIVE"
    | "MUTED"
    | "BLUE"
    | "VERMILION"
    | "GREEN"
    | "PURPLE";
  export const PALETTE: Record<Name, Tone>;
}

declare module "virtual:report-palette.css";
