#include "loss.h"

#include <algorithm>
#include <cmath>

#include "../../dispatch/dispatch.h"
#include "../../include/parallel.h"

namespace kairank {

namespace {

constexpr size_t kRowChunk = 128;        // rows whose probabilities are made together
constexpr size_t kCandidateChunk = 512;  // candidates whose gradient is summed together

/// Turns a row of logits into the gradient of the mean loss by them; returns the row's loss.
double lossOfRow(const LossTask& task, size_t row, float* logits) {
  const uint32_t target = task.targets[row];
  if (task.logChance != nullptr) {
    const float own = logits[target];
    for (size_t j = 0; j < task.count; j++) logits[j] -= task.logChance[j];
    logits[target] = own;
  }
  const double smoothing = task.smoothing;
  const double spread = smoothing / static_cast<double>(task.count);
  double mean = 0;
  if (smoothing > 0) {
    for (size_t j = 0; j < task.count; j++) mean += logits[j];
    mean /= static_cast<double>(task.count);
  }
  const double own = logits[target];
  float largest = 0;
  const double sum = kernels().softmaxF32(logits, task.count, &largest);
  const float scale = static_cast<float>(1 / (sum * static_cast<double>(task.rows)));
  const float each = static_cast<float>(spread / static_cast<double>(task.rows));
  for (size_t j = 0; j < task.count; j++) logits[j] = logits[j] * scale - each;
  logits[target] -= static_cast<float>((1 - smoothing) / static_cast<double>(task.rows));
  return std::log(sum) + largest - (1 - smoothing) * own - smoothing * mean;
}

}  // namespace

double softmaxLoss(const LossTask& task, uint32_t threads, const Control& control, LossScratch& scratch,
                   float* dIntents, float* dCandidates) {
  const size_t dim = task.dim;
  const size_t count = task.count;
  scratch.probabilities.resize(task.rows * count);
  scratch.losses.resize(task.rows);
  float* probabilities = scratch.probabilities.data();
  parallelFor(threads, task.rows, kRowChunk, control, [&](size_t, size_t begin, size_t end) {
    const float* intents = task.intents + begin * dim;
    float* own = probabilities + begin * count;
    multiply(Matrix<float>{intents, dim}, Matrix<float>{task.candidates, dim, true}, own, count, end - begin, count,
             dim, false, task.products);
    for (size_t row = begin; row < end; row++) {
      scratch.losses[row] = lossOfRow(task, row, probabilities + row * count);
    }
    multiply(Matrix<float>{own, count}, Matrix<float>{task.candidates, dim}, dIntents + begin * dim, dim, end - begin,
             dim, count, false, task.products);
  });
  parallelFor(threads, count, kCandidateChunk, control, [&](size_t, size_t begin, size_t end) {
    multiply(Matrix<float>{probabilities + begin, count, true}, Matrix<float>{task.intents, dim},
             dCandidates + begin * dim, dim, end - begin, dim, task.rows, false, task.products);
  });
  double total = 0;
  for (const double loss : scratch.losses) total += loss;
  return total / static_cast<double>(std::max<size_t>(1, task.rows));
}

}  // namespace kairank
