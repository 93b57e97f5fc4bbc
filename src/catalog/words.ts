/** The words of a text in any language, and the pieces of words by which spellings and word forms still meet. */

// In one language everywhere: features are hashed words, and must not depend on the machine's own language.
const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
/** Scripts that are written without spaces: their words are short, and every character says something. */
const DENSE = /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]+$/u;

/** Words in the order of the text: compatible forms made one (NFKC), lower case. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text.normalize('NFKC').toLowerCase())) {
    if (isWordLike === true) words.push(segment);
  }
  return words;
}

/**
 * Character n-grams of a word between its marked ends, 3 to 5 long (Bojanowski et al. 2017); of a dense script single
 * characters and pairs.
 */
export function gramsOf(word: string): string[] {
  const dense = DENSE.test(word);
  const letters = dense ? [...word] : ['<', ...word, '>'];
  const [least, most] = dense ? [1, 2] : [3, 5];
  const grams: string[] = [];
  for (let length = least; length <= most; length++) {
    for (let at = 0; at + length <= letters.length; at++) grams.push(letters.slice(at, at + length).join(''));
  }
  return grams;
}

/** 32 bits of a text (FNV-1a over UTF-16 units, then mixed as in MurmurHash3, whose last bits FNV leaves alike). */
export function hashOf(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
