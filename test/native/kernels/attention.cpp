// Attention against double, within the bounds that native/kernels/attention/attention.h states.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "random.h"
#include "tables.h"

#if defined(KAIRANK_EMULATE)
#include "../../../native/kernels/tiles.h"
#endif

namespace {

using kairank::AttentionTask;
using kairank::KernelTable;
using Kernel = void (*)(const AttentionTask&);

constexpr float kUntouched = 77;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Shape {
  size_t candidates, events, heads, width, valueWidth;
  size_t gap = 0;  // elements between rows
  bool bias = true;
  bool weights = true;
  bool values = true;
  bool means = true;
};

/// A task with its arrays, each ending where readable memory ends.
struct Case {
  Shape shape;
  size_t dim, valueDim;
  Guarded<float> queries, keys, values, bias, out, weights, means;
  AttentionTask task{};

  explicit Case(const Shape& of, Random& random)
      : shape(of),
        dim(of.heads * of.width),
        valueDim(of.heads * of.valueWidth),
        queries(length(of.candidates, dim, of.gap)),
        keys(length(of.events, dim, of.gap)),
        values(length(of.events, valueDim, of.gap)),
        bias(of.heads * of.events),
        out(length(of.candidates, valueDim, of.gap)),
        weights(of.candidates * of.heads * of.events),
        means(of.candidates * of.heads) {
    for (Guarded<float>* array : {&queries, &keys, &values, &bias}) {
      for (size_t i = 0; i < array->size(); ++i) (*array)[i] = random.signedUnit();
    }
    for (Guarded<float>* array : {&out, &weights, &means}) {
      for (size_t i = 0; i < array->size(); ++i) (*array)[i] = kUntouched;
    }
    task.queries = queries.data();
    task.keys = keys.data();
    task.values = of.values ? values.data() : nullptr;
    task.out = of.values ? out.data() : nullptr;
    task.queryStride = task.keyStride = dim + of.gap;
    task.valueStride = task.outStride = valueDim + of.gap;
    task.candidates = of.candidates;
    task.events = of.events;
    task.dim = dim;
    task.valueDim = valueDim;
    task.heads = of.heads;
    task.scale = 1.7f / std::sqrt(static_cast<float>(of.width));
    task.bias = of.bias ? bias.data() : nullptr;
    task.weights = of.weights ? weights.data() : nullptr;
    task.means = of.means ? means.data() : nullptr;
  }

  static size_t length(size_t rows, size_t columns, size_t gap) { return rows == 0 ? 0 : rows * (columns + gap) - gap; }
};

/// Weights and output of one candidate and head in double, and how far a kernel may be from them.
struct Expected {
  std::vector<double> weights, out, magnitude;  // magnitude: sum of w |v|
  double mean = 0, meanMagnitude = 0;           // the latter: sum of w times the magnitude of its product
  double scoreError = 0;                        // the largest that the stated bound allows
};

Expected expectedOf(Case& c, size_t candidate, size_t head, double epsilon) {
  const Shape& shape = c.shape;
  Expected expected;
  std::vector<double> scores(shape.events), products(shape.events), magnitudes(shape.events);
  double largest = -std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < shape.events; ++j) {
    double score = 0;
    double magnitude = 0;
    for (size_t d = 0; d < shape.width; ++d) {
      const double product = static_cast<double>(c.queries[candidate * c.task.queryStride + head * shape.width + d]) *
                             c.keys[j * c.task.keyStride + head * shape.width + d];
      score += product;
      magnitude += std::fabs(product);
    }
    products[j] = score;
    magnitudes[j] = magnitude;
    scores[j] = score * c.task.scale + (shape.bias ? c.bias[head * shape.events + j] : 0.0f);
    largest = std::max(largest, scores[j]);
    if (std::isinf(scores[j])) continue;
    const double error = epsilon * c.task.scale * magnitude + 1e-6 * (1 + std::fabs(scores[j]));
    expected.scoreError = std::max(expected.scoreError, error);
  }
  double sum = 0;
  expected.weights.resize(shape.events);
  for (size_t j = 0; j < shape.events; ++j) {
    expected.weights[j] = std::isinf(largest) ? 0 : std::exp(scores[j] - largest);
    sum += expected.weights[j];
  }
  expected.out.resize(shape.valueWidth);
  expected.magnitude.resize(shape.valueWidth);
  for (size_t j = 0; j < shape.events; ++j) {
    if (sum > 0) expected.weights[j] /= sum;
    expected.mean += expected.weights[j] * products[j];
    expected.meanMagnitude += expected.weights[j] * magnitudes[j];
    for (size_t v = 0; v < shape.valueWidth; ++v) {
      const double product = expected.weights[j] * c.values[j * c.task.valueStride + head * shape.valueWidth + v];
      expected.out[v] += product;
      expected.magnitude[v] += std::fabs(product);
    }
  }
  return expected;
}

/// Runs the kernel and compares everything it wrote; gaps between rows must be as they were.
void checkCase(Kernel kernel, Case& c, double epsilon) {
  kernel(c.task);
  const Shape& s = c.shape;
  for (size_t i = 0; i < s.candidates; ++i) {
    for (size_t h = 0; h < s.heads; ++h) {
      const Expected expected = expectedOf(c, i, h, epsilon);
      // A score that is off by e moves its weight by a factor of at most exp(2 e).
      const double moved = std::min(std::expm1(2 * expected.scoreError), 1e300) + 1e-6;
      double sum = 0;
      for (size_t j = 0; s.weights && j < s.events; ++j) {
        const double got = c.weights[(i * s.heads + h) * s.events + j];
        sum += got;
        CHECK_THAT(std::fabs(got - expected.weights[j]) <= moved * expected.weights[j] + 1e-30,
                   "weight " << j << " of " << s.events << " dim " << s.width << " head " << h << ": " << got
                             << ", not " << expected.weights[j]);
      }
      double whole = 0;
      for (const double weight : expected.weights) whole += weight;
      if (s.weights) CHECK_THAT(std::fabs(sum - whole) <= 1e-5, "weights of " << s.events << " events sum to " << sum);
      if (s.means) {
        const double got = c.means[i * s.heads + h];
        CHECK_THAT(std::fabs(got - expected.mean) <= (epsilon + moved) * expected.meanMagnitude + 1e-30,
                   "mean of candidate " << i << " events " << s.events << " dim " << s.width << ": " << got << ", not "
                                        << expected.mean);
      }
      for (size_t v = 0; s.values && v < s.valueWidth; ++v) {
        const double got = c.out[i * c.task.outStride + h * s.valueWidth + v];
        CHECK_THAT(std::fabs(got - expected.out[v]) <= (epsilon + moved) * expected.magnitude[v] + 1e-30,
                   "candidate " << i << " events " << s.events << " dim " << s.width << " x " << s.heads << " value "
                                << v << " of " << s.valueWidth << ": " << got << ", not " << expected.out[v]);
      }
    }
    for (size_t g = 0; s.values && g < s.gap && i + 1 < s.candidates; ++g) {
      CHECK(c.out[i * c.task.outStride + c.valueDim + g] == kUntouched);
    }
  }
  const auto untouched = [](Guarded<float>& array) {
    for (size_t i = 0; i < array.size(); ++i) CHECK(array[i] == kUntouched);
  };
  if (!s.weights) untouched(c.weights);
  if (!s.values) untouched(c.out);
  if (!s.means) untouched(c.means);
#if defined(KAIRANK_EMULATE)
  CHECK(!kairank::emulated::tilesHeld());
#endif
}

void checkShape(Kernel kernel, const Shape& shape, double epsilon, Random& random) {
  Case c(shape, random);
  checkCase(kernel, c, epsilon);
}

void checkShapes(Kernel kernel, double epsilon) {
  Random random(21);
  for (size_t events = 0; events <= 70; ++events) {
    for (const size_t candidates : {0, 1, 3, 17}) {
      checkShape(kernel, {candidates, events, 1, 16, 12, events % 3, events % 4 != 0, candidates != 3}, epsilon,
                 random);
    }
  }
  for (const size_t events : {96, 97, 99, 128, 150, 200}) checkShape(kernel, {25, events, 2, 64, 64}, epsilon, random);
  for (size_t width = 1; width <= 256; width += width < 70 ? 1 : 31) {
    checkShape(kernel, {5, 1 + width % 37, 1, width, 1 + (width * 7) % 80, width % 2}, epsilon, random);
    checkShape(kernel, {2, 19, 1, 1 + (width * 5) % 40, width}, epsilon, random);
  }
  for (size_t heads = 1; heads <= 8; ++heads) {
    for (const size_t width : {1, 5, 8, 16, 32})
      checkShape(kernel, {13, 50, heads, width, width + heads, 3}, epsilon, random);
  }
  checkShape(kernel, {100, 50, 1, 64, 64, 0, false, false}, epsilon, random);
  for (const size_t events : {0, 1, 3, 8, 19, 50, 53, 130}) {
    for (const bool means : {false, true}) {
      checkShape(kernel, {37, events, 2, 40, 24, 1, true, !means, false, means}, epsilon, random);
      checkShape(kernel, {37, events, 1, 64, 64, 0, false, means, true, !means}, epsilon, random);
    }
  }
}

/// A masked event has a weight of exactly 0; all of them masked leave zeros.
void checkMasks(Kernel kernel, double epsilon) {
  Random random(22);
  for (const size_t events : {1, 2, 9, 18, 40, 50}) {
    for (size_t spared = 0; spared <= events; ++spared) {
      Case c({14, events, 2, 8, 10}, random);
      for (size_t j = 0; j < 2 * events; ++j) {
        if (j % events != spared) c.bias[j] = -kInfinity;
      }
      checkCase(kernel, c, epsilon);
      for (size_t i = 0; i < c.weights.size(); ++i) {
        const float expected = i % events == spared ? 1.0f : 0.0f;
        CHECK_THAT(c.weights[i] == expected, "event " << i % events << " of " << events << ": " << c.weights[i]);
      }
      for (size_t i = 0; spared == events && i < c.out.size(); ++i) CHECK(c.out[i] == 0);
    }
  }
}

/// Scores far apart neither overflow nor lose the sum; equal ones share evenly.
void checkExtremes(Kernel kernel, double epsilon) {
  Random random(23);
  for (const float spread : {0.0f, 30.0f, 80.0f, 1e4f, 1e30f}) {
    Case c({13, 37, 1, 8, 8}, random);
    for (size_t j = 0; j < 37; ++j) c.bias[j] = spread * (static_cast<float>(j % 5) - 2);
    checkCase(kernel, c, epsilon);
  }
  Case even({3, 21, 1, 4, 4, 0, false}, random);
  even.task.scale = 0;
  kernel(even.task);
  for (size_t i = 0; i < even.weights.size(); ++i) CHECK(std::fabs(even.weights[i] - 1.0f / 21) < 1e-7f);
}

/// A NaN spoils what reads it and nothing else.
void checkSpecials(Kernel kernel) {
  Random random(24);
  constexpr size_t kCandidates = 15;
  constexpr size_t kEvents = 19;
  for (size_t bad = 0; bad < kCandidates; ++bad) {
    Case c({kCandidates, kEvents, 2, 8, 8}, random);
    c.queries[bad * c.dim + 3] = bad % 2 == 0 ? kNan : kInfinity;
    // An infinite query has scores of +inf and -inf, or NaN where a key is 0: NaN in each case.
    for (size_t j = 0; j < kEvents; ++j) c.keys[j * c.dim + 3] = j == 0 ? 1.0f : 0.5f;
    kernel(c.task);
    for (size_t i = 0; i < kCandidates; ++i) {
      for (size_t v = 0; v < 16; ++v) {
        const bool isSpoilt = i == bad && v < 8;
        CHECK_THAT(std::isnan(c.out[i * 16 + v]) == isSpoilt, "bad " << bad << " at " << i << ", " << v);
      }
      for (size_t h = 0; h < 2; ++h) CHECK(std::isnan(c.means[i * 2 + h]) == (i == bad && h == 0));
    }
  }
  for (size_t bad = 0; bad < kEvents; ++bad) {
    Case c({kCandidates, kEvents, 1, 8, 8}, random);
    c.bias[bad] = kNan;
    kernel(c.task);
    for (size_t i = 0; i < c.out.size(); ++i) CHECK_THAT(std::isnan(c.out[i]), "NaN bias " << bad);

    Case v({kCandidates, kEvents, 1, 8, 8}, random);
    v.values[bad * 8 + 2] = kNan;
    kernel(v.task);
    for (size_t i = 0; i < v.out.size(); ++i) CHECK(std::isnan(v.out[i]) == (i % 8 == 2));
  }
}

}  // namespace

int main() {
  constexpr double kF32 = 1e-5;
  constexpr double kBf16 = 1e-2;
  for (const NamedTable& target : tables()) {
    const Kernel f32 = target.table.attentionF32;
    const Kernel bf16 = target.table.attentionBf16;
    check::test(target.name + " attentionF32", [&] { checkShapes(f32, kF32); });
    check::test(target.name + " attentionF32 masks", [&] { checkMasks(f32, kF32); });
    check::test(target.name + " attentionF32 extremes", [&] { checkExtremes(f32, kF32); });
    check::test(target.name + " attentionF32 NaN and infinities", [&] { checkSpecials(f32); });
    check::test(target.name + " attentionBf16", [&] { checkShapes(bf16, kBf16); });
    check::test(target.name + " attentionBf16 masks", [&] { checkMasks(bf16, kBf16); });
    check::test(target.name + " attentionBf16 extremes", [&] { checkExtremes(bf16, kBf16); });
    check::test(target.name + " attentionBf16 NaN and infinities", [&] { checkSpecials(bf16); });
  }
  return check::finish();
}
