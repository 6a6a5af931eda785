/**
 * Every text of the page, in both languages. `{name}` is a place for a value; `{count|neuron|neurons}`
 * one for a number with its noun. A key that ends in `.decoder` or `.letters` is the variant of a text for
 * such models.
 */
export const TEXTS = {
  "page.name": { en: "Lesion laboratory", vi: "Phòng thí nghiệm nơ-ron" },
  "page.kicker": { en: "Lesion laboratory", vi: "Phòng thí nghiệm nơ-ron" },
  "page.title": {
    en: "Which neurons does a prediction need?",
    vi: "Một dự đoán cần đến những nơ-ron nào?",
  },
  "page.lead": {
    en: "Choose neurons of a language model, silence them, and see what changes, beside what random neurons would have done. Everything is computed in this page, on your machine; nothing is uploaded.",
    vi: "Hãy chọn vài nơ-ron của một mô hình ngôn ngữ, tắt chúng đi, rồi xem điều gì thay đổi, và nếu tắt bừa những nơ-ron khác thì có như vậy không. Mọi phép tính đều chạy ngay trong trang này, trên máy của bạn; không có gì bị gửi đi đâu cả.",
  },
  "page.model": {
    en: "Model: {name} ({family}), {layers|layer|layers} of {neurons|neuron|neurons}.",
    vi: "Mô hình: {name} ({family}), {layers} tầng, mỗi tầng {neurons} nơ-ron.",
  },
  "page.language": { en: "Language", vi: "Ngôn ngữ" },
  "page.sections": { en: "Sections", vi: "Các phần" },
  "page.licences": { en: "Licences", vi: "Giấy phép" },
  "page.skip": { en: "Skip to the laboratory", vi: "Đi thẳng đến phòng thí nghiệm" },

  "task.running": { en: "Computing …", vi: "Đang tính …" },
  "task.cancel": { en: "Cancel", vi: "Dừng" },
  "task.cancelled": { en: "Stopped.", vi: "Đã dừng." },
  "task.retry": { en: "Start again", vi: "Làm lại" },
  "stage.download": { en: "Downloading", vi: "Đang tải" },
  "stage.load": { en: "Loading the model", vi: "Đang nạp mô hình" },
  "stage.activations": { en: "Reading activations", vi: "Đang đọc hoạt hoá" },
  "stage.selection": { en: "Testing neurons", vi: "Đang kiểm định nơ-ron" },
  "stage.baseline": { en: "Predicting without a lesion", vi: "Đang dự đoán khi chưa tắt" },
  "stage.lesion": { en: "Lesioning", vi: "Đang tắt nơ-ron" },
  "stage.cloud": { en: "Random sets", vi: "Đang thử các tập ngẫu nhiên" },

  "figure.save": { en: "Save as {format}", vi: "Lưu thành {format}" },

  "sentence.title": { en: "Sentence", vi: "Câu" },
  "sentence.lead": {
    en: "The model reads a sentence and predicts the masked word. Choose a sentence, or write one.",
    vi: "Mô hình đọc một câu và đoán từ bị che. Hãy chọn một câu có sẵn, hoặc tự viết.",
  },
  "sentence.lead.decoder": {
    en: "This model is a decoder: it reads the beginning of a sentence and predicts the next word. Write [MASK] at the end, in place of that word; what would stand after it is not read.",
    vi: "Mô hình này là một bộ giải mã (decoder): nó đọc phần đầu của câu và đoán từ tiếp theo. Hãy viết [MASK] ở cuối, vào chỗ của từ ấy; những gì đứng sau nó không được đọc.",
  },
  "sentence.lead.letters": {
    en: "This model reads proteins and predicts the masked amino acid. Each letter is a word.",
    vi: "Mô hình này đọc protein và đoán axit amin bị che. Mỗi chữ cái là một từ.",
  },
  "sentence.examples": { en: "Examples", vi: "Câu mẫu" },
  "sentence.choose": { en: "Choose a sentence …", vi: "Chọn một câu …" },
  "sentence.sentence": { en: "Sentence with [MASK]", vi: "Câu có [MASK]" },
  "sentence.words": {
    en: "Words to rate, the right one first",
    vi: "Các từ cần xét, từ đúng đứng đầu",
  },
  "sentence.topWords": { en: "the top words", vi: "những từ đứng đầu" },
  "sentence.mask": { en: "Insert [MASK]", vi: "Chèn [MASK]" },
  "sentence.tokens": {
    en: "The sentence as the model reads it",
    vi: "Câu như mô hình đọc thấy",
  },
  "sentence.position": { en: "Token {position}", vi: "Token {position}" },
  "sentence.unknownToken": {
    en: "The model does not know this word",
    vi: "Mô hình không biết từ này",
  },
  "sentence.unknown": {
    en: "The model does not know: {words}. It reads an unknown token in their place.",
    vi: "Mô hình không biết: {words}. Ở những chỗ đó nó chỉ đọc thấy một token lạ.",
  },
  "sentence.noMask": {
    en: "Write [MASK] in place of the word that the model should predict.",
    vi: "Hãy viết [MASK] vào chỗ của từ mà mô hình phải đoán.",
  },
  "sentence.maskAt": { en: "Mask at token {position}", vi: "Chỗ che ở token {position}" },
  "sentence.predicted": {
    en: "Token {position}: the masked word is predicted here",
    vi: "Token {position}: từ bị che được dự đoán ở đây",
  },
  "sentence.predicted.decoder": {
    en: "Token {position}: the word after it is predicted here",
    vi: "Token {position}: từ đứng sau nó được dự đoán ở đây",
  },
  "sentence.predictions": { en: "Predictions for [MASK]", vi: "Dự đoán cho [MASK]" },
  "sentence.rank": { en: "rank", vi: "hạng" },
  "sentence.word": { en: "word", vi: "từ" },
  "sentence.probability": { en: "probability", vi: "xác suất" },
  "sentence.lesioned": { en: "lesioned", vi: "sau khi tắt" },
  "sentence.logit": { en: "logit", vi: "logit" },
  "sentence.falls": { en: "drop", vi: "mức giảm" },
  "sentence.risesTo": { en: "rises to rank {rank}", vi: "lên hạng {rank}" },
  "sentence.fallsTo": { en: "falls to rank {rank}", vi: "xuống hạng {rank}" },

  "neurons.title": { en: "Neurons", vi: "Nơ-ron" },
  "neurons.lead": {
    en: "A t-test compares each neuron's activation on the two sides of the pairs. A neuron carries the label of the side on which it is significantly higher. That it responds does not mean that the model needs it: only a lesion can tell.",
    vi: "Kiểm định t so sánh hoạt hoá của từng nơ-ron ở hai vế của các cặp câu. Nơ-ron mang nhãn của vế làm nó hoạt động mạnh hơn một cách có ý nghĩa. Nhưng có phản ứng chưa có nghĩa là mô hình cần đến nó: muốn biết phải tắt nó đi.",
  },
  "neurons.noSelection": {
    en: "No neurons were selected on these pairs. Why not, and other pairs:",
    vi: "Chưa chọn được nơ-ron nào với các cặp câu này. Lý do, và các cặp câu khác:",
  },
  "neurons.map": { en: "Every neuron of a layer", vi: "Mọi nơ-ron của một tầng" },
  "neurons.layer": { en: "Layer", vi: "Tầng" },
  "neurons.layerNumber": { en: "Layer {layer}", vi: "Tầng {layer}" },
  "neurons.sideBySide": { en: "All layers side by side", vi: "Xếp mọi tầng cạnh nhau" },

  "chooser.neurons": { en: "Lesioned neurons", vi: "Nơ-ron bị tắt" },
  "chooser.none": { en: "None", vi: "Bỏ hết" },
  "chooser.syntax": {
    en: "layers, a colon, and a label or numbers. Separate several by spaces.",
    vi: "tầng, dấu hai chấm, rồi nhãn hoặc số thứ tự. Nhiều nhóm thì cách nhau bằng dấu cách.",
  },
  "chooser.count": { en: "How many", vi: "Số lượng" },
  "chooser.range": {
    en: "How many neurons: a whole number from 1 to {most}.",
    vi: "Số lượng nơ-ron phải là số nguyên từ 1 đến {most}.",
  },
  "chooser.strongest": { en: "Strongest", vi: "Mạnh nhất:" },
  "chooser.random": { en: "Random", vi: "Ngẫu nhiên" },
  "chooser.inLayer": { en: "in layer {layer}", vi: "ở tầng {layer}" },

  "volcano.across": {
    en: "mean difference, {second} ← → {first}",
    vi: "chênh lệch trung bình, {second} ← → {first}",
  },
  "volcano.up": { en: "-log10 q", vi: "-log10 q" },
  "volcano.label": {
    en: "Mean difference between {first} and {second} against corrected p, of {neurons|neuron|neurons} of layer {layer}. The table below lists the same neurons.",
    vi: "Chênh lệch trung bình giữa {first} và {second} so với p đã hiệu chỉnh, của {neurons} nơ-ron ở tầng {layer}. Bảng bên dưới liệt kê đúng những nơ-ron này.",
  },
  "volcano.caption": {
    en: "Each point is a neuron: further out, its mean activation differs more; higher up, the difference is more certain. Click a point to look at it; drag, or draw a finger sideways, to lesion all neurons in a rectangle. With the keyboard: arrows walk from neuron to neuron, Enter lesions one.",
    vi: "Mỗi chấm là một nơ-ron: càng xa giữa thì hoạt hoá trung bình càng chênh nhiều, càng lên cao thì chênh lệch càng chắc chắn. Bấm vào một chấm để xem; kéo chuột, hoặc lướt ngón tay sang ngang, để tắt mọi nơ-ron trong khung. Với bàn phím: phím mũi tên đi từ nơ-ron này sang nơ-ron khác, Enter để tắt.",
  },
  "volcano.neuron": { en: "Neuron {neuron}", vi: "Nơ-ron {neuron}" },
  "volcano.neither": { en: "neither", vi: "không nhãn" },
  "volcano.lesioned": { en: "lesioned", vi: "bị tắt" },
  "volcano.keep": {
    en: "A rectangle adds to the lesioned neurons of this layer",
    vi: "Khung kéo chuột thêm vào các nơ-ron đang bị tắt của tầng này",
  },

  "strongest.title": { en: "The neurons in a table", vi: "Các nơ-ron xếp thành bảng" },
  "strongest.neuron": { en: "neuron", vi: "nơ-ron" },
  "strongest.label": { en: "label", vi: "nhãn" },
  "strongest.difference": { en: "difference", vi: "chênh lệch" },
  "strongest.lesioned": { en: "lesioned", vi: "bị tắt" },
  "strongest.lesion": { en: "Lesion neuron {neuron}", vi: "Tắt nơ-ron {neuron}" },
  "strongest.stronger": { en: "Stronger", vi: "Mạnh hơn" },
  "strongest.weaker": { en: "Weaker", vi: "Yếu hơn" },
  "strongest.number": { en: "Neuron", vi: "Nơ-ron số" },
  "strongest.look": { en: "Look at it", vi: "Xem" },

  "card.none": { en: "One neuron", vi: "Một nơ-ron" },
  "card.how": {
    en: "Click a point, or choose a neuron in the table, to see what it responds to, what it writes, and what its lesion by itself does.",
    vi: "Bấm vào một chấm, hoặc chọn một nơ-ron trong bảng, để xem nó phản ứng với gì, nó đẩy những từ nào lên, và tắt riêng nó thì ra sao.",
  },
  "card.title": { en: "Neuron {neuron} of layer {layer}", vi: "Nơ-ron {neuron} của tầng {layer}" },
  "card.label": { en: "It carries the label", vi: "Nó mang nhãn" },
  "card.noLabel": {
    en: "It carries no label: no difference is shown, which is not to say that there is none.",
    vi: "Nó không mang nhãn nào: chưa thấy có chênh lệch, chứ không phải là không có.",
  },
  "card.test": {
    en: "Effect size {effect} (95 % interval {low} to {high}); t = {t}, corrected p = {q}.",
    vi: "Cỡ hiệu ứng {effect} (khoảng tin cậy 95 %: {low} đến {high}); t = {t}, p đã hiệu chỉnh = {q}.",
  },
  "card.add": { en: "Add to the lesion", vi: "Tắt thêm nơ-ron này" },
  "card.remove": { en: "Take out of the lesion", vi: "Thôi tắt nơ-ron này" },
  "card.across": { en: "activation {site}", vi: "hoạt hoá {site}" },
  "card.after": { en: "Activations {site}", vi: "Hoạt hoá {site}" },
  "card.sidesLabel": {
    en: "Activations of the neuron on the sides {first} and {second}",
    vi: "Hoạt hoá của nơ-ron ở vế {first} và vế {second}",
  },
  "card.pairs": {
    en: "Its activation in every pair: a dot for each sentence, a line for each pair, a diamond for each mean.",
    vi: "Hoạt hoá của nó trong từng cặp câu: mỗi chấm một câu, mỗi đường nối một cặp, hình thoi là giá trị trung bình.",
  },
  "card.sentences": {
    en: "Its activation in every sentence: a dot each, and a diamond for the mean.",
    vi: "Hoạt hoá của nó trong từng câu: mỗi chấm một câu, hình thoi là giá trị trung bình.",
  },
  "card.alone": {
    en: "Its lesion by itself, in your sentence",
    vi: "Tắt riêng nó, trong câu của bạn",
  },
  "card.fall": { en: "fall of", vi: "mức giảm của" },
  "card.whole": { en: "lesion", vi: "khi tắt" },
  "card.direct": { en: "direct effect", vi: "tác động trực tiếp" },
  "card.marginOf": { en: "margin of “{word}”", vi: "độ chênh của “{word}”" },
  "card.logitOf": { en: "logit of “{word}”", vi: "logit của “{word}”" },
  "card.atMask": {
    en: "At the mask: {pre} {before}, {post} {after}.",
    vi: "Tại chỗ che: {pre} {before}, {post} {after}.",
  },
  "card.atMask.decoder": {
    en: "At the token before the word: {pre} {before}, {post} {after}.",
    vi: "Tại token đứng trước từ: {pre} {before}, {post} {after}.",
  },
  "card.linearised": {
    en: "The direct effect is linearised: later layers do not react.",
    vi: "Tác động trực tiếp được tuyến tính hoá: coi như các tầng sau không phản ứng.",
  },
  "card.writes": {
    en: "What it writes to the logits here",
    vi: "Nó đẩy logit của những từ nào ở đây",
  },
  "card.favours": {
    en: "What its weights favour in any sentence",
    vi: "Trọng số của nó thiên về những từ nào, trong mọi câu",
  },
  "card.raises": { en: "raises", vi: "đẩy lên" },
  "card.lowers": { en: "lowers", vi: "kéo xuống" },

  "lesion.title": { en: "Lesion", vi: "Tắt nơ-ron" },
  "lesion.lead": {
    en: "A lesion changes the activations of the chosen neurons while the model runs. The table above shows the words before and after it.",
    vi: "Gây tổn thương (lesion) là thay hoạt hoá của những nơ-ron đã chọn trong lúc mô hình chạy. Bảng phía trên cho thấy các từ trước và sau đó.",
  },
  "method.kind": { en: "The activation becomes", vi: "Hoạt hoá trở thành" },
  "method.zero": { en: "zero", vi: "số 0" },
  "method.mean": { en: "its mean over the pairs", vi: "trung bình trên các cặp câu" },
  "method.median": { en: "its median over the pairs", vi: "trung vị trên các cặp câu" },
  "method.scale": { en: "a multiple of itself", vi: "một bội số của chính nó" },
  "method.value": { en: "a number", vi: "một số cho trước" },
  "method.factor": { en: "Factor", vi: "Hệ số" },
  "method.newValue": { en: "Value", vi: "Giá trị" },
  "method.site": { en: "Site", vi: "Vị trí" },
  "method.at": { en: "Tokens", vi: "Token" },
  "method.target": { en: "the mask", vi: "chỗ che" },
  "method.target.decoder": { en: "the token before the word", vi: "token đứng trước từ" },
  "method.all": { en: "all tokens", vi: "mọi token" },
  "method.offsets": { en: "around the mask", vi: "quanh chỗ che" },
  "method.offsets.decoder": { en: "around that token", vi: "quanh token đó" },
  "method.distances": { en: "Distances from the mask", vi: "Khoảng cách đến chỗ che" },
  "method.distances.decoder": { en: "Distances from that token", vi: "Khoảng cách đến token đó" },

  "site.pre": { en: "before {activation}", vi: "trước {activation}" },
  "site.post": { en: "after {activation}", vi: "sau {activation}" },

  "cloud.title": {
    en: "Would random neurons have done the same?",
    vi: "Tắt nơ-ron ngẫu nhiên thì có khác gì không?",
  },
  "cloud.lead": {
    en: "The same lesion is made with random sets of equal size: any neurons of the same layers, and neurons that are about as active.",
    vi: "Phép tắt này được lặp lại với những tập ngẫu nhiên cùng số lượng: nơ-ron bất kỳ ở cùng tầng, và nơ-ron hoạt động mạnh tương đương.",
  },
  "cloud.firstMask": {
    en: "The sentence has several masks; the comparison is about the first, token {position}.",
    vi: "Câu có nhiều chỗ che; phép so sánh này xét chỗ đầu tiên, token {position}.",
  },
  "cloud.sets": { en: "Random sets of each kind", vi: "Số tập ngẫu nhiên mỗi loại" },
  "cloud.start": { en: "Compare with random sets", vi: "So với các tập ngẫu nhiên" },
  "cloud.atOnce": {
    en: "Compare every new lesion at once",
    vi: "So sánh ngay mỗi khi tắt nơ-ron",
  },
  "cloud.chooseFirst": {
    en: "Choose neurons first, and a sentence with [MASK].",
    vi: "Trước hết hãy chọn nơ-ron, và một câu có [MASK].",
  },
  "cloud.random": { en: "Random sets", vi: "Tập ngẫu nhiên" },
  "cloud.randomActive": {
    en: "Random sets that are as active",
    vi: "Tập ngẫu nhiên hoạt động tương đương",
  },
  "cloud.across": {
    en: "fall of the margin of “{word}” (logits)",
    vi: "mức giảm độ chênh của “{word}” (logit)",
  },
  "cloud.thisLesion": { en: "this lesion: {drop}", vi: "tập đã chọn: {drop}" },
  "cloud.caption": {
    en: "The line is this lesion. Each dot is a random set of as many neurons; the grey area holds 95 % of them. The margin is the logit of the right word less that of the strongest other candidate.",
    vi: "Đường kẻ là tập bạn đã chọn. Mỗi chấm là một tập ngẫu nhiên cùng số nơ-ron; vùng xám chứa 95 % số chấm. Độ chênh là logit của từ đúng trừ logit của từ cạnh tranh mạnh nhất.",
  },
  "finding.falls": {
    en: "The margin of “{word}” falls by {drop} logits, from {before} to {after}.",
    vi: "Độ chênh của “{word}” giảm {drop} logit, từ {before} xuống {after}.",
  },
  "finding.rises": {
    en: "The margin of “{word}” rises by {drop} logits, from {before} to {after}.",
    vi: "Độ chênh của “{word}” tăng {drop} logit, từ {before} lên {after}.",
  },
  "finding.stays": {
    en: "The margin of “{word}” changes by less than {drop} logits; it is {before}.",
    vi: "Độ chênh của “{word}” thay đổi chưa đến {drop} logit; nó là {before}.",
  },
  "finding.random": {
    en: "95 % of {sets|random set|random sets}: {low} to {high}. p = {p}.",
    vi: "95 % của {sets} tập ngẫu nhiên: từ {low} đến {high}. p = {p}.",
  },
  "finding.randomActive": {
    en: "95 % of {sets|random set that is as active|random sets that are as active}: {low} to {high}. p = {p}.",
    vi: "95 % của {sets} tập ngẫu nhiên hoạt động tương đương: từ {low} đến {high}. p = {p}.",
  },
  "finding.rests": {
    en: "These p rest on {sets|random set|random sets} of each kind; with so few, none can be below {floor}.",
    vi: "Các p này chỉ dựa trên {sets} tập ngẫu nhiên mỗi loại; với bấy nhiêu tập, p không thể nhỏ hơn {floor}.",
  },
  "finding.filling": { en: "More sets are coming.", vi: "Vẫn còn tập đang được tính." },
  "finding.shown": {
    en: "Shown to differ from random sets at the level 0.05.",
    vi: "Khác với các tập ngẫu nhiên, ở mức ý nghĩa 0,05.",
  },
  "finding.notShown": {
    en: "Not shown to differ from random sets.",
    vi: "Chưa cho thấy khác với các tập ngẫu nhiên.",
  },
  "finding.notNone": {
    en: "That it is not shown does not mean that there is no effect: these neurons may matter, but random ones of the same number do as much, or there are too few sets to tell.",
    vi: "Chưa thấy không có nghĩa là không có tác động: những nơ-ron này vẫn có thể quan trọng, nhưng bấy nhiêu nơ-ron ngẫu nhiên cũng làm được như thế, hoặc có quá ít tập để phân định.",
  },
  "finding.oneSentence": {
    en: "This is one sentence, and p is not corrected for what you tried before. A study below tests many prompts and corrects for all its claims.",
    vi: "Đây mới là một câu, và p chưa được hiệu chỉnh cho những gì bạn đã thử trước đó. Nghiên cứu bên dưới kiểm định trên nhiều câu thử và hiệu chỉnh cho mọi kết luận.",
  },

  "contrast.title": { en: "Contrast", vi: "Cặp đối lập" },
  "contrast.lead": {
    en: "Neurons are selected on pairs of sentences that differ in one word. Take another contrast, or paste pairs and prompts of your own.",
    vi: "Nơ-ron được chọn nhờ những cặp câu chỉ khác nhau một từ. Bạn có thể lấy một cặp đối lập khác, hoặc dán các cặp câu và câu thử của mình.",
  },
  "contrast.lead.letters": {
    en: "Neurons are selected on pairs of sequences that differ in one amino acid. The available contrasts are English; write pairs and prompts of your own.",
    vi: "Nơ-ron được chọn nhờ những cặp trình tự chỉ khác nhau một axit amin. Các cặp đối lập có sẵn là câu tiếng Anh; hãy viết các cặp và câu thử của bạn.",
  },
  "contrast.examples": { en: "Available contrasts", vi: "Các cặp đối lập có sẵn" },
  "contrast.pairs": { en: "Pairs", vi: "Cặp câu" },
  "contrast.prompts": { en: "Prompts, the right word first", vi: "Câu thử, từ đúng đứng đầu" },
  "contrast.format": {
    en: "One sentence per line, with both words in braces:",
    vi: "Mỗi dòng một câu, hai từ đặt trong ngoặc nhọn:",
  },
  "contrast.moreErrors": {
    en: "{count|more line|more lines} with errors.",
    vi: "{count} dòng lỗi nữa.",
  },
  "contrast.line": { en: "line {line}:", vi: "dòng {line}:" },
  "contrast.read": {
    en: "{first|sentence|sentences} of {a}, {second} of {b}, in {groups|group|groups}; {prompts|prompt|prompts} with a masked word.",
    vi: "{first} câu {a}, {second} câu {b}, thuộc {groups} nhóm; {prompts} câu thử có từ bị che.",
  },
  "contrast.at": { en: "Neurons are tested at", vi: "Kiểm định nơ-ron tại" },
  "contrast.visible": { en: "the visible word", vi: "từ nhìn thấy được" },
  "contrast.masked": { en: "its mask", vi: "chỗ che của từ" },
  "contrast.masked.decoder": { en: "the token before it", vi: "token đứng trước nó" },
  "contrast.correction": { en: "Correction of p", vi: "Cách hiệu chỉnh p" },
  "contrast.heldOut": { en: "Pairs held out", vi: "Phần cặp câu giữ lại" },
  "contrast.select": { en: "Select neurons", vi: "Chọn nơ-ron" },
  "contrast.changed": {
    en: "Changed since the last selection.",
    vi: "Đã thay đổi từ lần chọn trước.",
  },
  "counts.caption": {
    en: "Significant neurons of each layer, of {neurons} ({test} t-test on {groups|group|groups}, {correction}, alpha {alpha}).",
    vi: "Số nơ-ron có ý nghĩa ở từng tầng, trong {neurons} nơ-ron (kiểm định t {test} trên {groups} nhóm, {correction}, alpha {alpha}).",
  },
  "counts.layer": { en: "layer", vi: "tầng" },
  "counts.neither": { en: "neither", vi: "không nhãn" },
  "heldOut.caption": {
    en: "The selected neurons, tested again on the pairs that were held out.",
    vi: "Các nơ-ron đã chọn, được kiểm định lại trên những cặp câu giữ lại.",
  },
  "heldOut.label": { en: "label", vi: "nhãn" },
  "heldOut.selected": { en: "selected", vi: "đã chọn" },
  "heldOut.same": { en: "same direction", vi: "cùng chiều" },
  "heldOut.again": { en: "significant again", vi: "lại có ý nghĩa" },

  "study.title": { en: "Study", vi: "Nghiên cứu" },
  "study.lead": {
    en: "The program's own study of the contrast above, in all its prompts, with random sets and verdicts.",
    vi: "Đúng nghiên cứu mà chương trình làm, trên cặp đối lập ở trên, trong mọi câu thử của nó, có các tập ngẫu nhiên và kết luận.",
  },
  "study.parts": { en: "Parts", vi: "Các phần" },
  "study.controls": {
    en: "Layers and dissociation, with random sets",
    vi: "Từng tầng và sự phân ly, với các tập ngẫu nhiên",
  },
  "study.dose": { en: "Dose: more and more neurons", vi: "Liều: tắt ngày càng nhiều nơ-ron" },
  "study.joint": { en: "Several layers together", vi: "Nhiều tầng cùng lúc" },
  "study.causal": { en: "Single neurons", vi: "Từng nơ-ron một" },
  "study.stability": {
    en: "Stability: other pairs",
    vi: "Độ ổn định: nếu là cặp câu khác",
  },
  "study.specificity": {
    en: "Specificity: what else changes",
    vi: "Tính riêng biệt: còn gì khác thay đổi",
  },
  "study.sets": { en: "Random sets", vi: "Số tập ngẫu nhiên" },
  "study.run": { en: "Run the study", vi: "Chạy nghiên cứu" },
  "study.few": {
    en: "Corrected p needs many random sets: about 25 for each claim. With 20 or 100 a study shows sizes and intervals, and its verdicts stay open.",
    vi: "Muốn p đã hiệu chỉnh đủ nhỏ thì cần nhiều tập ngẫu nhiên: chừng 25 tập cho mỗi kết luận. Với 20 hay 100 tập, nghiên cứu vẫn cho thấy độ lớn và khoảng tin cậy, còn kết luận thì để ngỏ.",
  },
  "study.result": { en: "Result, {model}", vi: "Kết quả, {model}" },
  "figure.profile": {
    en: "Layers: the fall of the margin under the lesion of each layer, beside 95 % of random sets.",
    vi: "Từng tầng: mức giảm độ chênh khi tắt nơ-ron của mỗi tầng, bên cạnh 95 % số tập ngẫu nhiên.",
  },
  "figure.dissociation": {
    en: "Dissociation: the neurons of each label in the prompts of both labels.",
    vi: "Sự phân ly: nơ-ron của mỗi nhãn, trong câu thử của cả hai nhãn.",
  },
  "figure.dose": {
    en: "Dose: the fall of the margin as more and more neurons are lesioned.",
    vi: "Liều: mức giảm độ chênh khi tắt ngày càng nhiều nơ-ron.",
  },
  "study.otherFigures": {
    en: "{count|other figure|other figures}",
    vi: "{count} hình khác",
  },
  "study.table": { en: "Tables", vi: "Các bảng" },
  "study.chooseTable": { en: "Choose a table …", vi: "Chọn một bảng …" },
  "study.saveAll": { en: "Save all files as ZIP", vi: "Lưu mọi tệp thành ZIP" },
  "study.firstRows": {
    en: "The first {shown} of {all} rows.",
    vi: "{shown} dòng đầu trong {all} dòng.",
  },
  "study.report": { en: "The whole report", vi: "Toàn bộ báo cáo" },
  "study.saveReport": { en: "Save report.html", vi: "Lưu report.html" },

  "model.title": { en: "Model", vi: "Mô hình" },
  "model.lead": {
    en: "The page begins with a small BERT that knows a small grammar. Open another model from a folder, or from the Hugging Face hub: a masked model such as BERT, RoBERTa, ModernBERT, ALBERT or ESM-2, or a decoder such as GPT-2, Pythia, Llama, Mistral or Qwen.",
    vi: "Trang này bắt đầu với một BERT nhỏ chỉ biết một ngữ pháp nhỏ. Bạn có thể mở một mô hình khác từ một thư mục, hoặc từ Hugging Face: mô hình che từ như BERT, RoBERTa, ModernBERT, ALBERT hay ESM-2, hoặc bộ giải mã (decoder) như GPT-2, Pythia, Llama, Mistral hay Qwen.",
  },
  "model.folder": { en: "Open a folder …", vi: "Mở một thư mục …" },
  "model.bundled": { en: "Back to the bundled model", vi: "Trở lại mô hình đi kèm" },
  "model.hub": { en: "Name on the Hugging Face hub", vi: "Tên trên Hugging Face" },
  "model.measure": { en: "How large is it?", vi: "Nó lớn cỡ nào?" },
  "model.private": {
    en: "A folder is read in this page and stays on your machine. A model of the hub is downloaded from there, once, and kept in this browser.",
    vi: "Thư mục chỉ được đọc trong trang này và không rời khỏi máy của bạn. Mô hình trên Hugging Face được tải về từ đó, một lần, rồi giữ trong trình duyệt này.",
  },
  "model.needs": {
    en: "{family}, {layers|layer|layers} of {neurons|neuron|neurons}. It needs {bytes} of memory, and up to {most} while it is loaded.",
    vi: "{family}, {layers} tầng, mỗi tầng {neurons} nơ-ron. Nó cần {bytes} bộ nhớ, và có lúc đến {most} trong khi nạp.",
  },
  "model.open": { en: "Open it", vi: "Mở" },
  "model.tooLarge": {
    en: "This is more than a page can hold (4 GB). Use the program for this model.",
    vi: "Như vậy là quá sức chứa của một trang web (4 GB). Với mô hình này, hãy dùng chương trình.",
  },

  "share.title": { en: "Save and share", vi: "Lưu và chia sẻ" },
  "share.lead": {
    en: "Take this study to the program, which computes the same numbers; send a link that restores this page; or drop the folder of a finished study anywhere on the page.",
    vi: "Bạn có thể mang nghiên cứu này sang chương trình, nơi cho ra đúng những con số này; gửi một liên kết mở lại y nguyên trang này; hoặc thả thư mục của một nghiên cứu đã chạy xong vào bất cứ đâu trên trang.",
  },
  "share.download": { en: "Download study", vi: "Tải nghiên cứu về" },
  "share.link": { en: "Copy a link", vi: "Chép liên kết" },
  "share.copied": { en: "Copied", vi: "Đã chép" },
  "share.inAddress": {
    en: "The link is in the address bar",
    vi: "Liên kết nằm ở thanh địa chỉ",
  },
  "share.open": { en: "Open a finished study …", vi: "Mở một nghiên cứu đã xong …" },
  "share.unzip": {
    en: "The download contains the study, its pairs and prompts, and the neurons:",
    vi: "Tệp tải về gồm nghiên cứu, các cặp câu, câu thử và danh sách nơ-ron:",
  },
  "share.folder": {
    en: "The study names the folder of your model, {name}. Put that folder beside study.toml, or correct its path there.",
    vi: "Nghiên cứu ghi tên thư mục mô hình của bạn, {name}. Hãy đặt thư mục đó cạnh study.toml, hoặc sửa lại đường dẫn trong đó.",
  },
  "share.linkedModel": {
    en: "The link was made with the model {name}. Open it to see the same:",
    vi: "Liên kết này được tạo với mô hình {name}. Hãy mở mô hình đó để thấy đúng như vậy:",
  },
  "share.damagedLink": {
    en: "The link was cut or changed: its pairs and prompts cannot be read. Those of the page are shown instead.",
    vi: "Liên kết đã bị cắt hoặc bị sửa: không đọc được các cặp câu và câu thử trong đó. Trang hiện các cặp câu có sẵn.",
  },
  "share.dropHere": {
    en: "Drop a finished study, or the folder of a model",
    vi: "Thả vào đây một nghiên cứu đã xong, hoặc thư mục của một mô hình",
  },

  "outcome.label": { en: "Effect of the lesion", vi: "Tác động của việc tắt" },
  "outcome.lesion": {
    en: "{count|neuron|neurons} of layer {layers} lesioned.",
    vi: "Đang tắt {count} nơ-ron ở tầng {layers}.",
  },
  "outcome.lesionOfSeveral": {
    en: "{count|neuron|neurons} of layers {layers} lesioned.",
    vi: "Đang tắt {count} nơ-ron ở các tầng {layers}.",
  },
  "outcome.falls": { en: "its logit falls by {drop}.", vi: "logit giảm {drop}." },
  "outcome.stays": {
    en: "its logit changes by less than {least}.",
    vi: "logit thay đổi chưa đến {least}.",
  },
  "outcome.rises": { en: "its logit rises by {drop}.", vi: "logit tăng {drop}." },
  "outcome.among": {
    en: "Fall of its margin: {drop}; 95 % of {sets|random set|random sets}: {low} to {high}, p = {p}.",
    vi: "Mức giảm độ chênh: {drop}; 95 % của {sets} tập ngẫu nhiên: từ {low} đến {high}, p = {p}.",
  },
  "outcome.amongActive": {
    en: "Fall of its margin: {drop}; 95 % of {sets|random set that is as active|random sets that are as active}: {low} to {high}, p = {p}.",
    vi: "Mức giảm độ chênh: {drop}; 95 % của {sets} tập ngẫu nhiên hoạt động tương đương: từ {low} đến {high}, p = {p}.",
  },
  "outcome.compare": { en: "Would random neurons do the same?", vi: "Nơ-ron ngẫu nhiên thì sao?" },

  "tour.start": { en: "Take the tour", vi: "Dạo qua một vòng" },
  "tour.name": { en: "A tour of five steps", vi: "Dạo một vòng qua năm bước" },
  "tour.step": { en: "Step {step} of {steps}", vi: "Bước {step} trên {steps}" },
  "tour.do": { en: "Do it", vi: "Làm thử" },
  "tour.back": { en: "Back", vi: "Lùi" },
  "tour.next": { en: "Next", vi: "Tiếp" },
  "tour.end": { en: "Close", vi: "Đóng" },
  "tour.sentence": {
    en: "The model predicts the masked word of a sentence: her, his or him? The table shows how probable each word is. Which neurons does it need for that?",
    vi: "Mô hình đoán từ bị che trong câu: her, his hay him? Bảng cho biết mỗi từ có xác suất bao nhiêu. Để đoán được như thế, nó cần đến những nơ-ron nào?",
  },
  "tour.neurons": {
    en: "Each point is a neuron. Those on the left are more active at her, those on the right at him. Choose the 76 that tell her apart best.",
    vi: "Mỗi chấm là một nơ-ron. Chấm bên trái hoạt động mạnh hơn khi gặp her, bên phải khi gặp him. Hãy chọn 76 nơ-ron phân biệt her rõ nhất.",
  },
  "tour.lesion": {
    en: "With these neurons silenced, the right word loses some of its lead. But would any 76 neurons have done that? Compare with random sets, and watch the cloud fill in.",
    vi: "Khi tắt những nơ-ron này, từ đúng mất đi một phần lợi thế. Nhưng tắt 76 nơ-ron bất kỳ thì có như thế không? Hãy so với các tập ngẫu nhiên, và nhìn đám mây dày dần lên.",
  },
  "tour.contrast": {
    en: "The neurons came from pairs of sentences. Take is and are instead, edit the pairs, or hold half of them out and see which neurons hold up.",
    vi: "Các nơ-ron được chọn từ những cặp câu. Hãy thử thay bằng is và are, sửa các cặp câu, hoặc giữ lại một nửa để xem nơ-ron nào vẫn đứng vững.",
  },
  "tour.share": {
    en: "One sentence is not a study. Run one on this page, or download it and let the program run it with more random sets. A link restores what you see now.",
    vi: "Một câu chưa phải là một nghiên cứu. Hãy chạy một nghiên cứu ngay trên trang này, hoặc tải về để chương trình chạy với nhiều tập ngẫu nhiên hơn. Liên kết sẽ mở lại đúng những gì bạn đang thấy.",
  },
} as const satisfies Record<string, { en: string; vi: string }>;

export type TextKey = keyof typeof TEXTS;

/** The names of the places in a text: `count` and `layer` in `{count|neuron|neurons} of layer {layer}`. */
type PlacesOf<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}`
  ? NameOf<Inner> | PlacesOf<Rest>
  : never;
type NameOf<Inner extends string> = Inner extends `${infer Name}|${string}` ? Name : Inner;

export type Places<K extends TextKey> = PlacesOf<(typeof TEXTS)[K]["en"]>;
