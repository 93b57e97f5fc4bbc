#include "blend_fit.h"

#include <cmath>

#include "../dispatch/dispatch.h"
#include "../include/parallel.h"

namespace kairank {

namespace {

constexpr size_t kFitChunk = 32;  // cases whose gradients are summed together: fixed, so that sums repeat
constexpr int kMaxSteps = 200;
constexpr double kSettled = 1e-3;  // a step this small changes no order worth the time
constexpr double kRidge = 1e-4;    // a source that adds nothing stays at 0 rather than anywhere

constexpr double kNoise = 1e-6;  // of a loss in f32

using Inputs = std::array<double, kBlendInputs>;

bool counts(SourceSet sources, size_t input) { return (sources >> (input % kSources)) & 1; }

struct Slope {
  double loss = 0;
  Inputs gradient{};
};

/// scores = the blend of one case's columns.
void scoreCase(const BlendFeatures& features, const Inputs& weights, std::vector<float>& scores) {
  scores.assign(features.rows(), 0.0f);
  for (size_t f = 0; f < kBlendInputs; f++) {
    if (weights[f] == 0) continue;
    kernels().axpyF32(static_cast<float>(weights[f]), features.column(f), scores.data(), scores.size());
  }
}

/// Adds the loss of one case, -log sum of its targets' softmax, and its gradient.
void addCase(const BlendFeatures& features, const Inputs& weights, SourceSet sources, std::vector<float>& scores,
             std::vector<double>& shares, Slope& slope) {
  scoreCase(features, weights, scores);
  float best = -INFINITY;
  for (uint32_t target : features.targets) best = std::max(best, scores[target]);
  shares.clear();
  double wanted = 0;
  for (uint32_t target : features.targets) {
    shares.push_back(std::exp(static_cast<double>(scores[target]) - best));
    wanted += shares.back();
  }
  slope.loss -= best + std::log(wanted);
  float largest;
  const double total = kernels().softmaxF32(scores.data(), scores.size(), &largest);
  slope.loss += largest + std::log(total);
  for (size_t f = 0; f < kBlendInputs; f++) {
    if (!counts(sources, f)) continue;
    const float* column = features.column(f);
    float sum;
    kernels().dotF32(scores.data(), column, scores.size(), 1, scores.size(), &sum);
    slope.gradient[f] += sum / total;
    for (size_t t = 0; t < features.targets.size(); t++) {
      slope.gradient[f] -= shares[t] / wanted * column[features.targets[t]];
    }
  }
}

class Objective {
 public:
  Objective(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, SourceSet sources,
            uint32_t threads, const Control& control)
      : cases_(cases), sources_(sources), threads_(threads), control_(control) {
    for (uint32_t c : chosen) {
      if (!cases[c].targets.empty()) useful_.push_back(c);
    }
  }

  bool empty() const { return useful_.empty(); }

  /// Mean loss a case, and its gradient.
  Slope at(const Inputs& weights) const {
    std::vector<Slope> parts((useful_.size() + kFitChunk - 1) / kFitChunk);
    parallelFor(threads_, useful_.size(), kFitChunk, control_, [&](size_t, size_t begin, size_t end) {
      std::vector<float> scores;
      std::vector<double> shares;
      for (size_t c = begin; c < end; c++) {
        addCase(cases_[useful_[c]], weights, sources_, scores, shares, parts[begin / kFitChunk]);
      }
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
  const SourceSet sources_;
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
  const Objective objective(cases, chosen, sources, threads, control);
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
        next[f] = counts(sources, f) ? std::max(0.0, ahead[f] - step * slope.gradient[f]) : 0;
        const double moved = next[f] - ahead[f];
        promised += slope.gradient[f] * moved + moved * moved / (2 * step);
      }
      if (step < 1e-9 || objective.at(next).loss <= promised + kNoise) break;
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
  std::vector<std::vector<float>> scores(chosen.size());
  std::vector<CaseQuality> found(chosen.size());
  const auto each = [&](const auto& visit) {
    parallelFor(threads, chosen.size(), kFitChunk, control, [&](size_t, size_t begin, size_t end) {
      std::vector<float> moved;
      for (size_t c = begin; c < end; c++) visit(c, cases[chosen[c]], moved);
    });
  };
  each([&](size_t c, const BlendFeatures& features, std::vector<float>&) {
    scoreCase(features, best, scores[c]);
    found[c] = qualityOfScores(features, scores[c]);
  });
  double reached = meanQuality(found).ndcg;
  // The scores of `best` stay at hand: another weight for one input is one column more.
  const auto climb = [&](size_t f, double weight) {
    const float change = static_cast<float>(weight - best[f]);
    each([&](size_t c, const BlendFeatures& features, std::vector<float>& moved) {
      moved = scores[c];
      kernels().axpyF32(change, features.column(f), moved.data(), moved.size());
      found[c] = qualityOfScores(features, moved);
    });
    const double ndcg = meanQuality(found).ndcg;
    if (!(ndcg > reached)) return false;
    each([&](size_t c, const BlendFeatures& features, std::vector<float>&) {
      kernels().axpyF32(change, features.column(f), scores[c].data(), scores[c].size());
    });
    best[f] = weight;
    reached = ndcg;
    return true;
  };
  for (double stride : {2.0, 1.4, 1.2}) {
    for (size_t f = 0; f < kBlendInputs; f++) {
      for (double factor : {1 / stride, stride}) {
        // Uphill in one direction as far as it goes.
        for (int step = 0; step < 4 && best[f] > 0 && climb(f, best[f] * factor); step++) {
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
    std::vector<float> scores;
    for (size_t c = begin; c < end; c++) {
      scoreCase(cases[chosen[c]], weights, scores);
      out[c] = qualityOfScores(cases[chosen[c]], scores);
    }
  });
  return out;
}

}  // namespace kairank
