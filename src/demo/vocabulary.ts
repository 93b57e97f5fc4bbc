/** The words of the demo's shop. Things in a category are listed in the order in which people come to need them. */

export interface DemoCategory {
  name: string;
  brands: readonly string[];
  styles: readonly string[];
  /** What there is, with a usual price. */
  things: readonly (readonly [name: string, price: number])[];
}

const STYLES = {
  home: ['oak', 'walnut', 'linen', 'white', 'charcoal', 'moss'],
  sport: ['light', 'all-weather', 'trail', 'classic', 'neon', 'slate'],
  kitchen: ['steel', 'copper', 'enamel', 'bamboo', 'black', 'cream'],
} as const;

export const CATEGORIES: readonly DemoCategory[] = [
  {
    name: 'camping',
    brands: ['Norrfjell', 'Tarn', 'Pinewise', 'Halvard', 'Moorland', 'Ridgeway'],
    styles: STYLES.sport,
    things: [
      ['tent', 240],
      ['sleeping bag', 110],
      ['camping mat', 60],
      ['camping stove', 75],
      ['head torch', 35],
      ['water filter', 40],
      ['camp chair', 55],
    ],
  },
  {
    name: 'cycling',
    brands: ['Velora', 'Spoke & Co', 'Kestrel', 'Domm', 'Chainline', 'Albion'],
    styles: STYLES.sport,
    things: [
      ['bike helmet', 80],
      ['bike lock', 50],
      ['bike lights', 45],
      ['cycling gloves', 30],
      ['track pump', 48],
      ['cycling jersey', 65],
      ['saddle bag', 28],
    ],
  },
  {
    name: 'running',
    brands: ['Fleet', 'Harrow', 'Mistral', 'Strada', 'Oyster', 'Gait'],
    styles: STYLES.sport,
    things: [
      ['running shoes', 130],
      ['running socks', 16],
      ['running shorts', 38],
      ['running watch', 210],
      ['running belt', 24],
      ['rain jacket', 120],
      ['foam roller', 27],
    ],
  },
  {
    name: 'coffee',
    brands: ['Caldo', 'Brewster', 'Moka & Sons', 'Crema', 'Roastery', 'Lento'],
    styles: STYLES.kitchen,
    things: [
      ['espresso machine', 420],
      ['coffee grinder', 160],
      ['milk jug', 22],
      ['coffee scales', 45],
      ['espresso cups', 26],
      ['knock box', 30],
      ['water kettle', 70],
    ],
  },
  {
    name: 'baking',
    brands: ['Flourish', 'Kneadwell', 'Ovenbird', 'Patisse', 'Crumb', 'Millstone'],
    styles: STYLES.kitchen,
    things: [
      ['stand mixer', 330],
      ['mixing bowl', 28],
      ['baking tin', 18],
      ['rolling pin', 15],
      ['proving basket', 24],
      ['cooling rack', 17],
      ['cake stand', 36],
    ],
  },
  {
    name: 'cooking',
    brands: ['Forge', 'Santo', 'Kobold', 'Larder', 'Grove', 'Hearth'],
    styles: STYLES.kitchen,
    things: [
      ['chef’s knife', 95],
      ['cutting board', 42],
      ['frying pan', 68],
      ['saucepan', 58],
      ['colander', 24],
      ['casserole', 140],
      ['spice rack', 33],
    ],
  },
  {
    name: 'office',
    brands: ['Plank', 'Norden', 'Studio 9', 'Quill', 'Bureau', 'Tidewell'],
    styles: STYLES.home,
    things: [
      ['desk', 310],
      ['desk chair', 260],
      ['desk lamp', 70],
      ['monitor stand', 55],
      ['desk mat', 32],
      ['pen tray', 19],
      ['bookend', 21],
    ],
  },
  {
    name: 'bedroom',
    brands: ['Slumber', 'Nest', 'Lull', 'Eider', 'Dovecote', 'Hygge & Hus'],
    styles: STYLES.home,
    things: [
      ['bed frame', 390],
      ['mattress topper', 150],
      ['duvet cover', 75],
      ['pillow', 38],
      ['bedside table', 95],
      ['reading light', 44],
      ['throw', 52],
    ],
  },
  {
    name: 'living room',
    brands: ['Casa', 'Fennel', 'Lowen', 'Atelier', 'Birch & Bay', 'Marl'],
    styles: STYLES.home,
    things: [
      ['sofa table', 180],
      ['floor lamp', 125],
      ['rug', 210],
      ['cushion', 29],
      ['wall shelf', 64],
      ['vase', 34],
      ['candle holder', 23],
    ],
  },
  {
    name: 'garden',
    brands: ['Spade', 'Greenhow', 'Thistle', 'Allotment', 'Rowan', 'Potter'],
    styles: STYLES.home,
    things: [
      ['raised bed', 120],
      ['garden trowel', 18],
      ['watering can', 35],
      ['plant pot', 22],
      ['garden gloves', 14],
      ['secateurs', 32],
      ['bird feeder', 27],
    ],
  },
  {
    name: 'dogs',
    brands: ['Barkley', 'Houndly', 'Good Boy', 'Fetch', 'Tailwind', 'Kennel & Co'],
    styles: STYLES.home,
    things: [
      ['dog bed', 70],
      ['dog lead', 24],
      ['dog bowl', 18],
      ['dog toy', 12],
      ['dog coat', 45],
      ['dog brush', 16],
      ['travel crate', 110],
    ],
  },
  {
    name: 'music',
    brands: ['Tone', 'Verge', 'Larkspur', 'Decibel', 'Sonata', 'Groovebox'],
    styles: STYLES.home,
    things: [
      ['record player', 290],
      ['loudspeakers', 340],
      ['record brush', 15],
      ['record shelf', 130],
      ['headphones', 190],
      ['amplifier', 270],
      ['speaker stands', 85],
    ],
  },
];
