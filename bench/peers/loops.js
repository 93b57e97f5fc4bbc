/**
 * The loops that one writes without a library. In JavaScript, not TypeScript: what a strict compiler wants checked at every
 * element would cost this peer a quarter of its speed. One function a type: shared, both would be slower.
 */

/** out[i] = <query, rows[i]> */
export function dotF32(query, rows, out) {
  const dim = query.length;
  for (let i = 0, at = 0; i < out.length; i++) {
    let sum = 0;
    for (let d = 0; d < dim; d++, at++) sum += query[d] * rows[at];
    out[i] = sum;
  }
}

export function dotI8(query, rows, out) {
  const dim = query.length;
  for (let i = 0, at = 0; i < out.length; i++) {
    let sum = 0;
    for (let d = 0; d < dim; d++, at++) sum = (sum + Math.imul(query[d], rows[at])) | 0;
    out[i] = sum;
  }
}

/** output = softmax(scale * queries keys^T) values; scores and sums are room for one candidate, events and dim long. */
export function attention({ candidates, events, dim, scale, queries, keys, values }, output, scores, sums) {
  for (let i = 0; i < candidates; i++) {
    const query = i * dim;
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0, key = 0; j < events; j++) {
      let score = 0;
      for (let d = 0; d < dim; d++, key++) score += queries[query + d] * keys[key];
      score *= scale;
      scores[j] = score;
      if (score > largest) largest = score;
    }
    sums.fill(0);
    let total = 0;
    for (let j = 0, value = 0; j < events; j++) {
      const weight = Math.exp(scores[j] - largest);
      total += weight;
      for (let d = 0; d < dim; d++, value++) sums[d] += weight * values[value];
    }
    for (let d = 0; d < dim; d++) output[query + d] = sums[d] / total;
  }
}
