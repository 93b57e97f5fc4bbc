#include "blend_fit.h"

#include <cmath>

#include "../include/parallel.h"

namespace kairank {

namespace {

constexpr size_t kFitChunk = 32;  // cases whose gradients are summed together: fixed, so that sums repeat
constexpr int kMaxSteps = 200;
constexpr double kSettled = 1e-3;  // a step this small changes no order worth the time
constexpr double kRidge = 1e-4;    // a source that adds nothing stays at 0 rather than anywhere

using Inputs = std::array<double, kBlendInputs>;

struct Slope {
  double loss = 0;
  Inputs gradient{};
};

void scoreCase(const BlendFeatures& features, const Inputs& weights, std::vector<double>& scores) {
  scores.resize(features.rows());
  const float* row = features.values.data();
  for (double& score : scores) {
    score = 0;
    for (size_t f = 0; f < kBlendInputs; f++) score += weights[f] * row[f];
    row += kBlendInputs;
  }
}

/// Adds the loss of one case, averaged over its targets, and its gradient.
void addCase(const BlendFeatures& features, const Inputs& weights, std::vector<double>& scores, Slope& slope) {
  scoreCase(features, weights, scores);
  const double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - largest);
  const double share = 1.0 / features.targets.size();
  for (uint32_t target : features.targets) {
    slope.loss -= share * std::log(std::max(scores[target] / total, 1e-300));
    for (size_t f = 0; f < kBlendInputs; f++) {
      slope.gradient[f] -= share * features.values[target * kBlendInputs + f];
    }
  }
  const float* row = features.values.data();
  for (double score : scores) {
    for (size_t f = 0; f < kBlendInputs; f++) slope.gradient[f] += score / total * row[f];
    row += kBlendInputs;
  }
}

class Objective {
 public:
  Objective(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, uint32_t threads,
            const Control& control)
      : cases_(cases), threads_(threads), control_(control) {
    for (uint32_t c : chosen) {
      if (!cases[c].targets.empty()) useful_.push_back(c);
    }
  }

  bool empty() const { return useful_.empty(); }

  /// Mean loss a case, and its gradient.
  Slope at(const Inputs& weights) const {
    std::vector<Slope> parts((useful_.size() + kFitChunk - 1) / kFitChunk);
    parallelFor(threads_, useful_.size(), kFitChunk, control_, [&](size_t, size_t begin, size_t end) {
      std::vector<double> scores;
      for (size_t c = begin; c < end; c++) addCase(cases_[useful_[c]], weights, scores, parts[begin / kFitChunk]);
    });
    Slope sum;
    for (const Slope& part : parts) {
      sum.loss += part.loss / useful_.size();
      for (size_t f = 0; f < kBlendInputs; f++) sum.gradient[f] += part.gradient[f] / useful_.size();
    }
    for (size_t f = 0; f < kBlendInputs; f++) {
      sum.loss += kRidge * weights[f] * weights[f];
      sum.gradient[f] += 2 * kRidge * weights[f];
    }
    return sum;
  }

 private:
  const std::vector<BlendFeatures>& cases_;
  std::vector<uint32_t> useful_;
  const uint32_t threads_;
  const Control& control_;
};

Inputs inputsOf(const Blend& blend) {
  Inputs inputs{};
  for (size_t s = 0; s < kSources; s++) {
    inputs[s] = blend.weight[s];
    inputs[kSources + s] = blend.missing[s];
  }
  return inputs;
}

Blend blendOf(const Inputs& inputs) {
  Blend blend;
  for (size_t s = 0; s < kSources; s++) {
    blend.weight[s] = static_cast<float>(inputs[s]);
    blend.missing[s] = static_cast<float>(inputs[kSources + s]);
  }
  return blend;
}

}  // namespace

Blend fitBlend(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, SourceSet sources,
               uint32_t threads, const Control& control) {
  Inputs at{};
  for (size_t s = 0; s < kSources; s++) at[s] = (sources >> s) & 1 ? 1 : 0;
  const Objective objective(cases, chosen, threads, control);
  if (objective.empty()) return blendOf(at);
  Inputs ahead = at;
  double momentum = 1;
  double step = 1;
  for (int i = 0; i < kMaxSteps; i++) {
    const Slope slope = objective.at(ahead);
    Inputs next{};
    for (;; step /= 2) {
      double promised = slope.loss;
      for (size_t f = 0; f < kBlendInputs; f++) {
        next[f] = (sources >> (f % kSources)) & 1 ? std::max(0.0, ahead[f] - step * slope.gradient[f]) : 0;
        const double moved = next[f] - ahead[f];
        promised += slope.gradient[f] * moved + moved * moved / (2 * step);
      }
      if (step < 1e-9 || objective.at(next).loss <= promised + 1e-12) break;
    }
    double moved = 0;
    double forward = 0;
    const double grown = (1 + std::sqrt(1 + 4 * momentum * momentum)) / 2;
    Inputs beyond{};
    for (size_t f = 0; f < kBlendInputs; f++) {
      moved += std::fabs(next[f] - at[f]);
      forward += (ahead[f] - next[f]) * (next[f] - at[f]);
      beyond[f] = next[f] + (momentum - 1) / grown * (next[f] - at[f]);
    }
    // Momentum that points uphill is dropped (O'Donoghue & Candès 2015).
    momentum = forward > 0 ? 1 : grown;
    ahead = forward > 0 ? next : beyond;
    at = next;
    step *= 1.5;
    if (moved < kSettled) break;
  }
  return blendOf(at);
}

Blend refineBlend(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, const Blend& start,
                  uint32_t threads, const Control& control) {
  Inputs best = inputsOf(start);
  double reached = meanQuality(blendQualities(cases, chosen, start, threads, control)).ndcg;
  for (double stride : {2.0, 1.4, 1.2}) {
    for (size_t f = 0; f < kBlendInputs; f++) {
      for (double factor : {1 / stride, stride}) {
        // Uphill in one direction as far as it goes.
        for (int step = 0; step < 4 && best[f] > 0; step++) {
          Inputs next = best;
          next[f] *= factor;
          const double ndcg = meanQuality(blendQualities(cases, chosen, blendOf(next), threads, control)).ndcg;
          if (!(ndcg > reached)) break;
          best = next;
          reached = ndcg;
        }
      }
    }
  }
  return blendOf(best);
}

std::vector<CaseQuality> blendQualities(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen,
                                        const Blend& blend, uint32_t threads, const Control& control) {
  const Inputs weights = inputsOf(blend);
  std::vector<CaseQuality> out(chosen.size());
  parallelFor(threads, chosen.size(), kFitChunk, control, [&](size_t, size_t begin, size_t end) {
    std::vector<double> scores;
    for (size_t c = begin; c < end; c++) {
      scoreCase(cases[chosen[c]], weights, scores);
      out[c] = qualityOfScores(cases[chosen[c]], scores);
    }
  });
  return out;
}

}  // namespace kairank
