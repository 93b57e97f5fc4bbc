#include <cmath>
#include <limits>
#include <vector>

#include "../quantise/convert.h"
#include "attention.h"

namespace kairank {
namespace {

float asIs(float value) { return value; }

float asBf16(float value) { return floatOf(bf16Of(value)); }

/// Softmax in place, shifted by the largest score so that no exponential overflows; zeros when every score is -inf.
void softmax(float* scores, size_t n) {
  float largest = -std::numeric_limits<float>::max();  // finite, or a row of -inf alone would become NaN
  for (size_t j = 0; j < n; ++j) {
    if (scores[j] > largest) largest = scores[j];
  }
  float sum = 0;
  for (size_t j = 0; j < n; ++j) {
    scores[j] = std::exp(scores[j] - largest);
    sum += scores[j];
  }
  const float inverse = sum == 0.0f ? 0.0f : 1.0f / sum;
  for (size_t j = 0; j < n; ++j) scores[j] *= inverse;
}

template <float (*kRound)(float)>
void attend(const AttentionTask& task) {
  const size_t width = task.heads == 0 ? 0 : task.dim / task.heads;
  const size_t valueWidth = task.heads == 0 ? 0 : task.valueDim / task.heads;
  std::vector<float> own(task.weights == nullptr ? task.events : 0);
  std::vector<float> products(task.events);
  for (size_t i = 0; i < task.candidates; ++i) {
    for (size_t h = 0; h < task.heads; ++h) {
      float* weights = task.weights == nullptr ? own.data() : task.weights + (i * task.heads + h) * task.events;
      const float* query = task.queries + i * task.queryStride + h * width;
      for (size_t j = 0; j < task.events; ++j) {
        const float* key = task.keys + j * task.keyStride + h * width;
        float score = 0;
        for (size_t k = 0; k < width; ++k) score += kRound(query[k]) * kRound(key[k]);
        products[j] = score;
        weights[j] = task.scale * score + (task.bias == nullptr ? 0.0f : task.bias[h * task.events + j]);
      }
      softmax(weights, task.events);
      if (task.means != nullptr) {
        float mean = 0;
        for (size_t j = 0; j < task.events; ++j) mean += weights[j] * products[j];
        task.means[i * task.heads + h] = mean;
      }
      if (task.out == nullptr) continue;
      float* out = task.out + i * task.outStride + h * valueWidth;
      for (size_t c = 0; c < valueWidth; ++c) out[c] = 0;
      for (size_t j = 0; j < task.events; ++j) {
        const float* value = task.values + j * task.valueStride + h * valueWidth;
        for (size_t c = 0; c < valueWidth; ++c) out[c] += kRound(weights[j]) * kRound(value[c]);
      }
    }
  }
}

}  // namespace

void attentionF32Scalar(const AttentionTask& task) { attend<asIs>(task); }

void attentionBf16Scalar(const AttentionTask& task) { attend<asBf16>(task); }

}  // namespace kairank
