import type {
  AskOptions,
  CloudPart,
  Engine,
  Example,
  LayerNeurons,
  LayerSet,
  MemoryNeeded,
  ModelInfo,
  NamedFile,
  NeuronCard,
  NeuronChoice,
  Prediction,
  SelectionSummary,
  SentenceQuestion,
  SentenceTokens,
} from "../engine/protocol.ts";
import { Contrast } from "./contrast.svelte.ts";
import { Experiment } from "./experiment.svelte.ts";
import { writeLayerSets, writeNeurons } from "./neuron-ranges.ts";
import type { PickedFolder } from "./picked-files.ts";
import { StudyRun } from "./study-run.svelte.ts";
import { NewestOnly, Task } from "./task.svelte.ts";
import { say, type ModelKind } from "../texts/language.svelte.ts";

/** A neuron to look at. */
export interface Place {
  layer: number;
  neuron: number;
}

/** The state of the page, and what its parts ask the engine. */
export class Laboratory {
  readonly experiment = new Experiment();
  readonly contrast: Contrast;
  readonly study: StudyRun;

  model: ModelInfo | null = $state.raw(null);
  /** The model that the address names, on the hub or a folder, until one is opened. */
  linkedModel: string | null = $state(null);
  /** Whether the address is a link whose contrast could not be read. */
  isLinkDamaged = $state(false);
  /** A folder that was dropped on the page, and that may be a model. */
  droppedModel: PickedFolder | null = $state.raw(null);
  examples: Example[] = $state.raw([]);
  tokens: SentenceTokens | null = $state.raw(null);
  prediction: Prediction | null = $state.raw(null);
  cloud: CloudPart | null = $state.raw(null);
  /** Whether every new lesion is compared with random sets without being asked. */
  comparesAtOnce = $state(true);
  selection: SelectionSummary | null = $state.raw(null);
  /** The layers that were looked at, by their number. */
  layers: Record<number, LayerNeurons> = $state.raw({});
  /** The layer to look at. */
  layer = $state(0);
  /** The lesioned neurons. */
  lesioned: LayerSet[] = $state.raw([]);
  place: Place | null = $state.raw(null);
  card: NeuronCard | null = $state.raw(null);

  readonly loading = new Task();
  readonly predicting = new Task();
  readonly comparing = new Task();
  readonly selecting = new Task();
  readonly reading = new Task();
  readonly choosing = new Task();
  readonly looking = new Task();
  /** The question of the comparison that runs or is shown. */
  #compared = "";
  readonly #newestPrediction = new NewestOnly();
  readonly #newestCard = new NewestOnly();

  constructor(readonly engine: Engine) {
    this.contrast = new Contrast(engine);
    this.study = new StudyRun(engine, this.contrast);
  }

  /** Takes a sentence of the examples, or the first one. */
  takeExample(example = this.examples[0]?.sentences[0]): void {
    if (!example) return;
    this.experiment.sentence = example.sentence;
    this.experiment.candidates = example.candidates.join(",");
    if (this.model) this.experiment.adaptTo(this.model);
  }

  /** The kind of the model, which some texts differ for. */
  get kind(): ModelKind {
    if (this.model?.isDecoder) return "decoder";
    return this.model?.readsLetters ? "letters" : "masked";
  }

  /** The name of a place in the MLP, such as `after GELU`. */
  siteName(site: "pre" | "post"): string {
    const activation = this.model?.activation ?? "";
    return say(site === "pre" ? "site.pre" : "site.post", { activation });
  }

  openBundled(): Promise<boolean> {
    return this.#open((options) => this.engine.ask("loadBundled", {}, options));
  }

  openFiles(name: string, files: NamedFile[]): Promise<boolean> {
    return this.#open((options) => this.engine.ask("loadFiles", { name, files }, options));
  }

  openHub(name: string): Promise<boolean> {
    return this.#open((options) => this.engine.ask("loadHub", { name }, options));
  }

  memoryOfFiles(files: NamedFile[]): Promise<MemoryNeeded | undefined> {
    return this.loading.run((options) => this.engine.ask("memoryNeeded", { files }, options));
  }

  memoryOnHub(name: string): Promise<MemoryNeeded | undefined> {
    return this.loading.run((options) => this.engine.ask("memoryNeededOnHub", { name }, options));
  }

  /** Reads the sentence, and predicts its masked words without and with the lesion. */
  async predict(): Promise<void> {
    await this.#newestPrediction.run(async () => {
      if (!this.model) return;
      const { question } = this.experiment;
      const { sentence } = question;
      const tokens = await this.predicting.run((options) =>
        this.engine.ask("tokens", { sentence }, options),
      );
      this.tokens = tokens ?? null;
      if (tokens && tokens.masks.length > 0) await this.#predictMasks(question);
      else await this.#findLesioned(question);
      this.#compareAtOnce();
    });
  }

  async #predictMasks(question: SentenceQuestion): Promise<void> {
    const prediction = await this.predicting.run((options) =>
      this.engine.ask("predict", question, options),
    );
    this.prediction = prediction ?? null;
    this.lesioned = prediction?.lesion?.layers ?? [];
  }

  /** Finds the lesioned neurons without predicting anything. */
  async #findLesioned({ lesion }: SentenceQuestion): Promise<void> {
    this.prediction = null;
    this.lesioned = [];
    if (!lesion || !this.tokens) return;
    const choice = { kind: "named", neurons: lesion.neurons } as const;
    const sets = await this.predicting.run((options) => this.engine.ask("choose", choice, options));
    this.lesioned = sets ?? [];
  }

  /** Compares the lesion with random sets, which fill in part by part. */
  async compare(): Promise<void> {
    const question = this.experiment.cloudQuestion;
    this.#compared = JSON.stringify(question);
    this.cloud = null;
    const cloud = await this.comparing.run((options) => {
      const onPart = (part: CloudPart) => {
        if (!options.signal?.aborted) this.cloud = part;
      };
      return this.engine.ask("cloud", question, { ...options, onPart });
    });
    if (cloud) this.cloud = cloud;
  }

  /** Forgets the comparison with random sets, because the question changed. */
  forgetCloud(): void {
    this.comparing.cancel();
    this.#compared = "";
    this.cloud = null;
  }

  /** Whether there are neurons to lesion and a mask at which that matters. */
  get canCompare(): boolean {
    const hasMask = (this.tokens?.masks.length ?? 0) > 0;
    return hasMask && this.lesioned.some((set) => set.neurons.length > 0);
  }

  #compareAtOnce(): void {
    if (!this.comparesAtOnce || !this.canCompare || this.predicting.error) return;
    if (JSON.stringify(this.experiment.cloudQuestion) !== this.#compared) void this.compare();
  }

  /** Selects neurons on the pairs of the contrast, as the user wrote them. */
  async select(): Promise<void> {
    const { question } = this.contrast;
    const selection = await this.selecting.run((options) =>
      this.engine.ask("select", question, options),
    );
    if (!selection) return;
    this.contrast.applied = question;
    this.selection = selection;
    this.layers = {};
  }

  /** Stops what a task does. Beyond a comparison the engine starts again. */
  cancel(task: Task): void {
    task.cancel();
    if (task !== this.comparing) this.study.forgetIfLost();
  }

  /** Looks at a layer, if the model has it. */
  lookInto(layer: number): void {
    const layers = this.model?.layers ?? 0;
    if (Number.isInteger(layer) && layer >= 0 && layer < layers) this.layer = layer;
  }

  /** Reads every neuron of a layer of the selection, and says whether they are known now. */
  async readLayer(layer: number): Promise<boolean> {
    if (this.layers[layer]) return true;
    if (!this.selection) return false;
    const neurons = await this.reading.run((options) =>
      this.engine.ask("layer", { layer }, options),
    );
    if (neurons) this.layers = { ...this.layers, [layer]: neurons };
    return neurons !== undefined;
  }

  /** Reads all layers, up to one that cannot be read or is cancelled. */
  async readAllLayers(): Promise<void> {
    for (let layer = 0; layer < (this.model?.layers ?? 0); layer += 1) {
      if (!(await this.readLayer(layer))) return;
    }
  }

  /** Lesions the strongest neurons of a label, or a random set, in place of those before. */
  async choose(choice: NeuronChoice): Promise<void> {
    const sets = await this.choosing.run((options) => this.engine.ask("choose", choice, options));
    if (sets) this.experiment.neurons = writeLayerSets(sets);
  }

  isLesioned({ layer, neuron }: Place): boolean {
    return this.lesioned.some((set) => set.layer === layer && set.neurons.includes(neuron));
  }

  /** Adds neurons of a layer to the lesion, or puts them in the place of that layer's. */
  lesionNeurons(layer: number, neurons: number[], keepOthers: boolean): void {
    const others = this.lesioned.filter((set) => set.layer !== layer);
    const before = this.lesioned.find((set) => set.layer === layer)?.neurons ?? [];
    const set = { layer, neurons: keepOthers ? [...before, ...neurons] : neurons };
    const sets = [...others, set].sort((one, other) => one.layer - other.layer);
    this.experiment.neurons = writeLayerSets(sets);
  }

  /** Adds a neuron to the lesion, or takes it out. */
  toggle(place: Place): void {
    if (!this.isLesioned(place)) {
      const alone = writeNeurons({ layer: place.layer, neurons: [place.neuron] });
      this.experiment.neurons = `${this.experiment.neurons} ${alone}`.trim();
      return;
    }
    const sets = this.lesioned.map(({ layer, neurons }) =>
      layer === place.layer
        ? { layer, neurons: neurons.filter((neuron) => neuron !== place.neuron) }
        : { layer, neurons },
    );
    this.experiment.neurons = writeLayerSets(sets);
  }

  /** Looks at a neuron, in the pairs and in the sentence. */
  async look(place: Place): Promise<void> {
    this.place = place;
    await this.#newestCard.run(async () => {
      const { sentence, candidates } = this.experiment.question;
      const hasMask = (this.tokens?.masks.length ?? 0) > 0;
      const about = hasMask ? { sentence, candidates } : {};
      const question = { ...(this.place ?? place), ...about };
      const card = await this.looking.run((options) =>
        this.engine.ask("neuron", question, options),
      );
      if (card) this.card = card;
    });
  }

  /** Looks at the same neuron, in another sentence or after another selection. */
  async lookAgain(): Promise<void> {
    if (this.place) await this.look(this.place);
  }

  /** Opens a model, and the examples that come with the program. If it cannot be opened, the one before
   *  stays. */
  async #open(load: (options: AskOptions) => Promise<ModelInfo>): Promise<boolean> {
    const model = await this.loading.run(async (options) => {
      const model = await load(options);
      if (this.examples.length === 0) await this.#readExamples(options);
      return model;
    });
    if (model) this.#begin(model);
    else this.study.forgetIfLost();
    return model !== undefined;
  }

  /** Reads the examples, and takes the first one. */
  async #readExamples(options: AskOptions): Promise<void> {
    this.examples = await this.engine.ask("examples", {}, options);
    const [first] = this.examples;
    if (first) this.contrast.take(first);
    this.takeExample();
  }

  /** Begins with another model: what was known of the one before is forgotten. */
  #begin(model: ModelInfo): void {
    if (this.model?.readsLetters && !model.readsLetters) this.takeExample();
    this.model = model;
    this.experiment.adaptTo(model);
    this.layer = model.layers - 1;
    this.selection = null;
    this.layers = {};
    this.lesioned = [];
    this.place = null;
    this.card = null;
    this.cloud = null;
    this.tokens = null;
    this.prediction = null;
    this.contrast.applied = null;
    this.study.forgetIfLost();
  }
}
