//! Classes of single words: the name of a class and its words, separated by white space.

/// The classes of single words that a shape may name in braces, besides those whose words lean.
pub const WORDS: &[(&str, &str)] = &[
    // Groups of people.
    (
        "people",
        "neighbours teachers children soldiers students guests visitors friends strangers players
         doctors villagers workers tourists reporters guards farmers sailors singers dancers pupils
         parents cousins travellers lawyers nurses customers passengers musicians climbers",
    ),
    // Animals, and adjectives for them.
    (
        "animal",
        "dog cat horse pony donkey goat sheep cow bull pig rabbit fox wolf bear lion tiger elephant
         monkey parrot owl eagle crow goose duck swan rooster turkey pigeon squirrel mouse rat
         hedgehog deer camel snake lizard frog turtle dolphin seal puppy kitten lamb calf foal bee
         wasp spider beetle badger otter",
    ),
    (
        "beastly",
        "hungry angry little wild friendly clever lazy noisy gentle fierce brave shy playful tame
         loyal sleepy muddy furry spotted black white brown grey big thin fat old young curious",
    ),
    // Things.
    (
        "thing",
        "seat book umbrella camera ladder bicycle lamp mirror clock watch ring necklace bracelet wallet
         purse suitcase basket bucket hammer saw shovel rake axe knife spoon fork plate cup mug
         bottle glass jug kettle teapot pan bowl tray box trunk chest chair table desk stool bench
         sofa pillow blanket carpet curtain candle torch lantern map compass telescope guitar piano
         violin flute trumpet drum radio telephone computer keyboard printer calculator notebook
         diary pencil pen brush ruler stamp coin medal trophy ticket passport tent rope kite ball
         racket bat helmet saddle whip boat canoe raft car van tractor cart sledge scooter painting
         statue vase photograph puppet doll toy puzzle balloon flag bell whistle razor comb towel
         needle thimble parasol stopwatch microscope fan heater oven toaster mattress hammock wheel
         barrel crate sack envelope dictionary novel magazine newspaper calendar tool",
    ),
    (
        "things",
        "keys gloves boots shoes socks slippers trousers glasses books tickets coins letters photographs
         drawings paintings tools pencils brushes stamps shells flowers seeds apples biscuits sandwiches
         toys marbles cards candles plates cups bottles boxes bags suitcases papers notes maps records
         medals earrings buttons blankets towels skis skates tents documents sweets tomatoes",
    ),
    (
        "wear",
        "coat jacket hat scarf sweater shirt cap belt tie cloak apron vest robe uniform raincoat
         cardigan costume backpack handbag watch pullover bonnet blazer overcoat",
    ),
    (
        "adj",
        "bright dark old new small large heavy light broken expensive cheap beautiful ugly wooden strange tiny
         huge useful empty dusty rusty clean dirty shiny fragile rare ordinary elegant simple plain
         soft smooth rough round square narrow wide thick thin long short modern ancient valuable
         worthless pretty lovely spare precious colourful sturdy splendid familiar awful antique
         magnificent red blue green yellow black white brown grey orange purple pink golden silver
         faded torn borrowed forgotten enormous",
    ),
    (
        "colour",
        "red blue green yellow black white brown grey orange purple pink golden silver scarlet
         crimson violet",
    ),
    // Work and study.
    (
        "task",
        "project homework essay report speech garden luggage accounts research painting business
         experiment assignment presentation thesis article poem translation harvest housework roof
         invention bookshop exhibition design campaign recipe model application drawing chapter exam
         lesson work kitchen fence costume song shopping website",
    ),
    (
        "topic",
        "history music chess geography chemistry physics biology mathematics grammar poetry painting
         sculpture gardening cooking fishing sailing swimming skiing photography politics economics
         law medicine astronomy philosophy religion architecture football tennis cricket birds plants
         insects trees rivers stars planets volcanoes machines computers money wine cheese bread
         dancing acting drawing knitting sewing spelling",
    ),
    (
        "quality",
        "patience kindness courage honesty help advice support generosity wisdom humour talent skill
         loyalty friendship trust effort care attention hospitality politeness bravery modesty
         intelligence energy enthusiasm company understanding discipline devotion sympathy
         imagination determination",
    ),
    (
        "fault",
        "mistake laziness rudeness carelessness silence absence lies anger behaviour pride greed
         temper jealousy cruelty vanity ignorance failure stupidity impatience cowardice selfishness
         decision error delay complaints excuses",
    ),
    ("adj_old", "old young tall rich poor famous foreign quiet little clever brave strange"),
    (
        "adj_taste",
        "good bad strange wonderful terrible nice pleasant awful perfect horrible sweet bitter sour
         fresh delicious excellent dreadful interesting different difficult dangerous surprising
         important impossible exciting",
    ),
    ("coins", "coins pounds dollars pennies euros"),
    ("diligent", "hard careful patient honest excellent good fine useful quick skilful tireless
         splendid brilliant steady thorough great wonderful"),
    ("labour", "work help service advice effort support teaching cooking singing planning"),
    // Places.
    (
        "room",
        "class garden kitchen library cellar attic bathroom bedroom hall office classroom corridor garage
         stable barn yard park forest meadow field orchard valley desert village town city church
         museum theatre cinema restaurant hotel castle palace tower prison hospital school factory
         workshop laboratory studio bakery pharmacy supermarket bookshop gallery greenhouse cottage
         mansion cave tunnel basement courtyard square street lane playground stadium countryside",
    ),
    (
        "spot",
        "station market harbour airport bridge beach lake river border corner crossroads fountain
         gate entrance exit door window fireplace counter bank court university college farm zoo
         circus cafe office reception museum theatre pool riverside lighthouse pier dock bakery mill
         well cemetery chapel monument shop hospital",
    ),
    (
        "building",
        "hospital school church castle hotel museum station bakery library farm cottage palace bank
         theatre prison factory village city market harbour airport lighthouse mountain island
         seaside cabin tent house shelter tavern inn embassy clinic",
    ),
    (
        "event",
        "class battle meeting party wedding concert funeral dinner lunch breakfast game match race
         competition festival ceremony exam lesson lecture interview trial election performance play
         parade storm accident earthquake fire flood journey voyage holiday walk swim dance banquet
         rehearsal debate conference auction tournament picnic feast war strike operation film
         sermon quarrel",
    ),
    // Food and drink.
    (
        "food",
        "bread soup cake pie cheese butter honey jam rice pasta salad chicken fish beef bacon sausage
         omelette pancake porridge chocolate pudding pizza sandwich stew roast fruit apple pear plum
         peach cherry grape melon banana lemon carrot cabbage potato onion mushroom corn",
    ),
    ("drink", "tea coffee milk water juice lemonade cocoa cider wine beer"),
    // Nature, noise, messages, vehicles.
    (
        "nature",
        "pain wind rain snow storm thunder lightning fog mist sun sunlight heat cold frost hail breeze
         blizzard tide smoke darkness dust mud sunshine",
    ),
    (
        "noise",
        "noise explosion alarm siren scream whisper bang crash music song voice bell cough laughter
         applause shadow silence knock roar howl",
    ),
    (
        "message",
        "letter parcel telegram postcard invitation message note package bill email warning rumour
         reply cheque answer apology story poem gift report",
    ),
    ("vehicle", "train bus taxi tram ship ferry boat plane lorry carriage coach van tractor car
         helicopter motorcycle ambulance lift"),
    ("body", "arm leg hand foot finger thumb knee ankle elbow shoulder back neck nose ear eye head
         wrist toe chin cheek tooth hair"),
    ("plant", "tree flower rose bush hedge apple branch leaf ivy fern mushroom tulip lily oak pine"),
    // Adjectives for people.
    (
        "mood",
        "tired ill sick hungry thirsty sad lonely angry worried nervous cold wet late bored afraid
         anxious unhappy weak exhausted dizzy confused upset injured frightened homesick sleepy
         feverish pale desperate ashamed disappointed furious restless miserable speechless
         embarrassed helpless trapped wounded drowsy",
    ),
    (
        "glad",
        "happy glad proud pleased grateful delighted cheerful excited relieved calm thankful
         satisfied hopeful content confident ready",
    ),
    (
        "kind",
        "kind honest clever brave patient generous polite gentle wise friendly reliable loyal modest
         funny charming helpful sensible thoughtful talented skilful cheerful fair sincere humble
         tolerant warm",
    ),
    (
        "cruel",
        "rude cruel selfish dishonest impatient careless greedy arrogant unfair impolite lazy
         stubborn jealous mean nasty ungrateful violent boastful reckless unkind",
    ),
    // Adverbs and parts of time phrases.
    (
        "manner",
        "completely quickly slowly quietly loudly politely gently carefully happily sadly angrily warmly coldly
         kindly rudely patiently nervously calmly bravely proudly secretly suddenly immediately
         eagerly gladly reluctantly silently cheerfully briefly properly firmly softly sharply
         seriously openly privately honestly wisely foolishly easily badly barely awkwardly
         generously bitterly",
    ),
    (
        "perhaps",
        "perhaps sometimes often finally suddenly yesterday today later luckily sadly unfortunately
         apparently meanwhile eventually surprisingly naturally fortunately strangely usually
         clearly certainly recently obviously",
    ),
    ("often", "often always never rarely sometimes usually seldom still already once almost hardly
         nearly even probably certainly clearly"),
    ("loud", "loud sudden distant endless strange dark bright deep terrible"),
    ("led", "led pushed pulled followed drove carried escorted chased dragged"),
    ("streets", "streets fields woods hills crowds corridors rooms gardens mountains"),
    ("team", "team crowd audience class family crew choir orchestra police army"),
    ("sings", "sings sleeps waits laughs dances works runs swims smiles rests reads writes cooks walks"),
    ("likes", "likes knows trusts helps visits follows remembers watches sees needs avoids fears admires
         calls"),
    ("weekday", "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    (
        "month",
        "January February March April June July August September October November December",
    ),
    ("season", "spring summer autumn winter"),
    ("daytime", "morning afternoon evening night"),
    ("number", "several two three four five six seven eight nine ten eleven twelve twenty thirty hundred"),
    ("period", "hour day week month year weekend evening summer winter"),
    ("periods", "hours days weeks months years minutes"),
    // Verbs, in the form that the shapes need.
    ("helped", "helped assisted supported aided guided encouraged"),
    ("thanked", "thanked praised rewarded admired respected honoured complimented applauded paid
         commended"),
    ("blamed", "blamed scolded criticised punished mocked fined arrested dismissed reprimanded"),
    ("sent", "sent drove took carried walked brought escorted dragged rushed accompanied"),
    ("gave", "gave lent offered handed showed sold"),
    ("liked", "liked loved admired trusted respected hired envied praised thanked chose adored"),
    ("feared", "feared hated disliked distrusted avoided despised punished dismissed left scolded
         reported"),
    ("nursed", "visited comforted nursed rescued saved helped supported fed consoled washed"),
    (
        "met",
        "met helped visited called invited warned questioned followed recognised watched noticed
         found heard remembered greeted interviewed photographed painted paid hired trusted
         surprised blamed punished ignored annoyed teased pushed pulled stopped caught kicked hit
         kissed hugged described mentioned recommended introduced contacted examined treated cured
         protected defended attacked robbed deceived betrayed cheated insulted praised thanked
         welcomed served fired dismissed replaced rescued saved supported guided escorted
         searched expected impressed bored amused entertained inspired persuaded convinced married
         left missed needed wanted",
    ),
    (
        "meet",
        "meet help visit call invite warn question follow recognise watch notice find hear remember
         greet interview photograph paint pay hire trust surprise blame punish ignore annoy tease
         push stop catch hug describe mention recommend introduce contact examine treat cure protect
         defend attack deceive betray insult praise thank welcome serve dismiss replace rescue save
         support guide search forgive forget see believe understand obey admire hurt",
    ),
    (
        "chased",
        "followed chased watched ignored bit scratched trusted avoided recognised startled guarded
         licked protected attacked greeted amused nudged annoyed frightened sniffed approached
         comforted stung kicked obeyed",
    ),
    (
        "surprised",
        "surprised frightened scared startled alarmed worried disturbed annoyed shocked upset
         confused delighted amused woke pleased excited puzzled bored comforted cheered calmed
         inspired bothered interested embarrassed",
    ),
    ("soaked", "soaked chilled cooled warmed blinded slowed stopped delayed surprised caught woke
         refreshed weakened annoyed"),
    ("hurt", "hurt injured broke scratched washed bruised twisted burned cut bandaged"),
    ("lost", "lost found forgot dropped left hid broke cleaned repaired painted sold kept opened
         packed carried collected counted"),
    ("bought", "bought found painted built repaired sold chose brought borrowed designed polished
         wrapped carried kept drew ordered"),
    ("read", "read wrote finished copied kept studied checked published corrected"),
    ("cooked", "cooked baked prepared ate tasted served burned spilled ordered warmed shared"),
    ("sang", "sang slept waited laughed danced shouted whistled rested ran swam worked smiled cried
         sneezed coughed nodded yawned shivered trembled blushed listened hesitated jumped fainted
         sighed stumbled prayed"),
    ("sing", "sing sleep wait laugh dance shout whistle rest run swim work smile cry sneeze cough
         nod yawn jump listen leave stay return speak walk read write study travel win lose"),
    ("singing", "singing sleeping waiting laughing dancing shouting whistling resting running
         swimming working smiling crying reading writing walking fishing dreaming cooking cleaning
         painting skating travelling jogging digging"),
    ("praised", "praised blamed criticised taught introduced defended hurt injured admired
         encouraged washed dressed warmed hid amused calmed excused surprised protected prepared
         described locked rewarded controlled"),
    ("went", "went walked ran drove cycled returned moved travelled hurried came marched sailed
         climbed rode"),
    ("said", "said thought believed knew felt hoped claimed explained announced feared remembered
         heard noticed admitted complained"),
    ("grew", "fell burned collapsed shone vanished disappeared froze shook opened closed grew
         stopped began ended changed improved"),
];
