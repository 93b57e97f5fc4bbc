import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { gramsOf, hashOf, wordsOf } from '../../src/catalog/words.js';

describe('words of a text', () => {
  it.each([
    ['English', 'The Red Shoes, size 9.5 — don’t miss!', ['the', 'red', 'shoes', 'size', '9.5', 'don’t', 'miss']],
    ['German', 'Größe: Straßenschuh für Ärzte', ['größe', 'straßenschuh', 'für', 'ärzte']],
    ['Chinese', '我喜欢红色的鞋。', ['我', '喜欢', '红色', '的', '鞋']],
    ['Japanese', 'コーヒーが大好き！', ['コーヒー', 'が', '大好き']],
    ['Thai', 'รองเท้าสีแดง', ['รองเท้า', 'สี', 'แดง']],
    ['a mixture', 'ｉＰｈｏｎｅ 手机壳', ['iphone', '手机', '壳']],
    ['emoji alone', '🎉👍🏽 ❤️', []],
    ['emoji between', 'red🎉shoes', ['red', 'shoes']],
    ['nothing', '', []],
    ['blanks and marks', ' \t\n—…!?', []],
  ])('are found in %s', (_, text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('are the same however their characters were written', () => {
    expect(wordsOf('Cafe\u0301 ﬁne Ｆｕｌｌ ﾊﾟﾝ')).toEqual(wordsOf('café fine full パン'));
    expect(wordsOf('x² ①')).toEqual(['x2', '1']);
  });

  it('keep their order and come again as often as they stand there', () => {
    expect(wordsOf('b a B')).toEqual(['b', 'a', 'b']);
  });

  it('never fail, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of wordsOf(text)) {
          expect(word.length).toBeGreaterThan(0);
          expect(gramsOf(word).length).toBeGreaterThan(0);
        }
      }),
    );
    expect(() => wordsOf('\ud800 a')).not.toThrow();
  });

  it('do not depend on the language of the machine', async () => {
    const text = 'EU:n iso S:t Göran';
    // As if the machine were set to a language that parts words at a colon.
    const { Segmenter } = Intl;
    class Elsewhere extends Segmenter {
      constructor(locales?: Intl.LocalesArgument, options?: Intl.SegmenterOptions) {
        super(locales ?? 'en-US-u-va-posix', options);
      }
    }
    vi.stubGlobal('Intl', { Segmenter: Elsewhere });
    vi.resetModules();
    const elsewhere = await import('../../src/catalog/words.js');
    vi.unstubAllGlobals();
    expect(elsewhere.wordsOf).not.toBe(wordsOf);
    expect(elsewhere.wordsOf(text)).toEqual(wordsOf(text));
  });
});

describe('pieces of words', () => {
  it('are three to five characters between marked ends', () => {
    expect(gramsOf('red')).toEqual(['<re', 'red', 'ed>', '<red', 'red>', '<red>']);
    expect(gramsOf('a')).toEqual(['<a>']);
    expect(gramsOf('größe').slice(0, 5)).toEqual(['<gr', 'grö', 'röß', 'öße', 'ße>']);
  });

  it.each([
    ['红色', ['红', '色', '红色']],
    ['鞋', ['鞋']],
    ['大好き', ['大', '好', 'き', '大好', '好き']],
    ['コーヒー', ['コ', 'ー', 'ヒ', 'ー', 'コー', 'ーヒ', 'ヒー']],
    ['人々', ['人', '々', '人々']],
    ['𠮷野', ['𠮷', '野', '𠮷野']],
    ['แดง', ['แ', 'ด', 'ง', 'แด', 'ดง']],
  ])('are single characters and pairs in %s', (word, grams) => {
    expect(gramsOf(word)).toEqual(grams);
  });

  it('do not split a character that takes two units', () => {
    expect(gramsOf('a𝒳b')).toEqual(['<a𝒳', 'a𝒳b', '𝒳b>', '<a𝒳b', 'a𝒳b>', '<a𝒳b>']);
  });

  it('are shared by the forms of a word', () => {
    const shared = gramsOf('running').filter((gram) => gramsOf('runner').includes(gram));
    expect(shared).toEqual(['<ru', 'run', 'unn', '<run', 'runn', '<runn']);
  });
});

describe('hashes of words', () => {
  /** FNV-1a and the mixing of MurmurHash3 in whole numbers of any size. */
  function slowHash(text: string, seed: number): number {
    const low = (value: bigint): bigint => BigInt.asUintN(32, value);
    let hash = 0x811c9dc5n ^ BigInt(seed);
    for (let at = 0; at < text.length; at++) hash = low((hash ^ BigInt(text.charCodeAt(at))) * 0x01000193n);
    hash = low((hash ^ (hash >> 16n)) * 0x85ebca6bn);
    hash = low((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
    return Number(hash ^ (hash >> 16n));
  }

  it('are 32 bits, the same everywhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(0x7fffffff), (text, seed) => {
        expect(hashOf(text, seed)).toBe(slowHash(text, seed));
      }),
    );
    expect(hashOf('red')).toBe(slowHash('red', 0));
  });

  it('seldom meet', () => {
    const hashes = new Set(Array.from({ length: 20_000 }, (_, index) => hashOf(`word ${index}`)));
    // Of 20000 in 2^32, a twentieth of a pair is expected.
    expect(hashes.size).toBeGreaterThan(19_997);
  });
});
