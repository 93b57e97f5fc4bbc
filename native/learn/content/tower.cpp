#include "tower.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../dispatch/dispatch.h"
#include "../../include/parallel.h"
#include "../../include/status.h"
#include "batch.h"

namespace kairank {

namespace {

constexpr size_t kHistory = 20;         // last events of a case that count
constexpr size_t kRowChunk = 64;        // cases a thread takes at a time
constexpr size_t kItemChunk = 32;       // items
constexpr size_t kFeatureChunk = 64;    // rows of a table
constexpr size_t kEpochCases = 400000;  // of a larger shop an epoch sees a sample
constexpr uint32_t kLeastItems = 2;     // that must have a feature for it to be one
constexpr float kSharpness = 10;        // what scales the scores at the start
constexpr double kSharpnessRate = 0.01;
constexpr float kNever = -1e9f;

AdamState zerosFor(const std::vector<float>& weights) {
  return {std::vector<float>(weights.size(), 0.0f), std::vector<float>(weights.size(), 0.0f)};
}

void randomTable(Random& random, size_t rows, size_t dim, std::vector<float>& table) {
  // A random projection at first: inner products are about those of the inputs (Johnson & Lindenstrauss 1984).
  const double deviation = 1 / std::sqrt(static_cast<double>(dim));
  table.resize(rows * dim);
  for (float& value : table) value = static_cast<float>(random.normal() * deviation);
}

/// Features that enough items have, and how rare each is: log((1 + items) / (1 + those that have it)) + 1.
void chooseFeatures(const Modality& modality, const std::vector<uint8_t>& withheld, ModalityModel& model) {
  std::vector<uint32_t> all;
  size_t items = 0;
  for (size_t item = 0; item + 1 < modality.offsets.size(); item++) {
    if (!withheld.empty() && withheld[item]) continue;
    items++;
    const auto first = modality.features.begin() + static_cast<std::ptrdiff_t>(modality.offsets[item]);
    const auto last = modality.features.begin() + static_cast<std::ptrdiff_t>(modality.offsets[item + 1]);
    std::vector<uint32_t> own(first, last);
    std::sort(own.begin(), own.end());
    all.insert(all.end(), own.begin(), std::unique(own.begin(), own.end()));
  }
  std::sort(all.begin(), all.end());
  for (size_t at = 0; at < all.size();) {
    size_t end = at;
    while (end < all.size() && all[end] == all[at]) end++;
    if (end - at >= kLeastItems) {
      model.features.push_back(all[at]);
      model.rarity.push_back(static_cast<float>(std::log((1.0 + items) / (1.0 + (end - at))) + 1));
    }
    at = end;
  }
}

}  // namespace

std::vector<std::pair<std::string, double>> named(const TowerSettings& settings) {
  return {{"dim", settings.dim},         {"epochs", settings.epochs},   {"rate", settings.rate},
          {"dropout", settings.dropout}, {"decay", settings.decay},     {"behaviourRate", settings.behaviourRate},
          {"batch", settings.batch},     {"samples", settings.samples}, {"attentionRate", settings.attentionRate}};
}

void checkSettings(const TowerSettings& settings) {
  const auto rate = [](double value) { return value >= 0 && value <= 1; };
  if (settings.dim == 0 || settings.dim > kMaxDim || settings.epochs == 0 || settings.epochs > 1000 ||
      !rate(settings.rate) || !rate(settings.behaviourRate) || !rate(settings.attentionRate) ||
      !(settings.dropout >= 0 && settings.dropout < 1) || !(settings.decay > 0 && settings.decay <= 1) ||
      settings.batch == 0 || settings.batch > 65536 || settings.samples > 65536) {
    throw Error(
        Status::invalidArgument,
        "content: expected dim from 1 to 4096, epochs from 1 to 1000, rates from 0 to 1, dropout from 0 to below "
        "1, decay above 0 and at most 1, batch from 1 to 65536 and samples to 65536");
  }
}

TowerTrainer::TowerTrainer(const ContentFeatures& content, const Positives& positives, std::vector<uint8_t> withheld,
                           const TowerSettings& settings, uint64_t seed, uint32_t threads, const Control& control)
    : content_(content),
      positives_(positives),
      withheld_(std::move(withheld)),
      settings_(settings),
      seed_(seed),
      threads_(std::max(1u, threads)),
      control_(control),
      model_(std::make_shared<ContentModel>()) {
  checkSettings(settings);
  checkContent(content);
  if (content.items != positives.itemCount() || (!withheld_.empty() && withheld_.size() != content.items)) {
    throw Error(Status::invalidArgument, "content: the number of items differs from that of the events");
  }
  model_->items = content.items;
  model_->dim = settings.dim;
  model_->decay = static_cast<float>(settings.decay);
  Random random(seed);
  for (const Modality& modality : content.modalities) {
    ModalityModel& table = model_->modalities.emplace_back();
    table.name = modality.name;
    table.inputs = modality.inputs;
    if (table.inputs == 0) chooseFeatures(modality, withheld_, table);
    randomTable(random, table.inputs > 0 ? table.inputs : table.features.size(), settings.dim, table.table);
    table.attention.assign(settings.dim, 0.0f);
    table.bias = std::log(modality.prior);
    biases_.push_back(table.bias);
    tableStates_.push_back(zerosFor(table.table));
    attentionStates_.push_back(zerosFor(table.attention));
  }
  model_->behaviour.assign(static_cast<size_t>(content.items) * settings.dim, 0.0f);
  behaviourState_ = zerosFor(model_->behaviour);
  biasState_ = zerosFor(biases_);
  sharpness_.assign(1, std::log(kSharpness));
  sharpnessState_ = zerosFor(sharpness_);
  readInputs();
  findCases();
}

void TowerTrainer::readInputs() {
  for (size_t m = 0; m < content_.modalities.size(); m++) {
    const Modality& modality = content_.modalities[m];
    Inputs& inputs = inputs_.emplace_back();
    inputs.offsets.push_back(0);
    std::vector<TowerInput> own;
    for (uint32_t item = 0; item < content_.items; item++) {
      readItem(model_->modalities[m], modality, item, own);
      inputs.entries.insert(inputs.entries.end(), own.begin(), own.end());
      inputs.offsets.push_back(inputs.entries.size());
    }
  }
}

void TowerTrainer::findCases() {
  const auto counts = [&](uint32_t row) { return withheld_.empty() || !withheld_[row]; };
  for (uint32_t user = 0; user < positives_.userCount(); user++) {
    bool any = false;
    for (uint64_t place = positives_.offsets[user]; place < positives_.offsets[user + 1]; place++) {
      if (!counts(positives_.rows[place])) continue;
      if (any) targets_.push_back(place);
      any = true;
    }
  }
  for (uint32_t item = 0; item < content_.items; item++) {
    if (counts(item) && positives_.itemOffsets[item] != positives_.itemOffsets[item + 1]) warm_.push_back(item);
  }
}

bool TowerTrainer::possible() const {
  const auto any = [](const Inputs& inputs) { return !inputs.entries.empty(); };
  return !targets_.empty() && std::any_of(inputs_.begin(), inputs_.end(), any);
}

uint64_t TowerTrainer::historyOf(uint64_t target) const {
  const uint64_t first = positives_.offsets[positives_.users[target]];
  return target - first > kHistory ? target - kHistory : first;
}

double TowerTrainer::epoch() {
  std::vector<uint64_t> order = targets_;
  Random random(seedOf(seed_, ++epoch_, 0));
  shuffle(order, random);
  order.resize(std::min(order.size(), kEpochCases));
  Batch batch;
  double loss = 0;
  for (size_t first = 0; first < order.size(); first += settings_.batch) {
    control_.check();
    const size_t count = std::min<size_t>(settings_.batch, order.size() - first);
    step_++;
    gather(batch, order.data() + first, count, random);
    speak(batch);
    want(batch);
    loss += score(batch);
    teach(batch);
  }
  return order.empty() ? 0 : loss / static_cast<double>(order.size());
}

/// Which items a step needs: targets and drawn ones as candidates, and everybody's histories.
void TowerTrainer::gather(Batch& batch, const uint64_t* targets, size_t count, Random& random) const {
  batch.begin(content_.items);
  batch.cases = count;
  for (size_t i = 0; i < count; i++) batch.targets.push_back(batch.add(positives_.rows[targets[i]]));
  for (uint32_t i = 0; i < settings_.samples; i++) batch.add(warm_[random.below(warm_.size())]);
  batch.candidates = batch.items.size();
  for (size_t i = 0; i < count; i++) {
    float weight = 1;
    for (uint64_t place = targets[i]; place-- > historyOf(targets[i]);) {
      const uint32_t row = positives_.rows[place];
      if (withheld_.empty() || !withheld_[row]) batch.had.push_back({batch.add(row), weight});
      weight *= static_cast<float>(settings_.decay);
    }
    batch.hadOffsets.push_back(batch.had.size());
  }
}

/// spoken = what each modality says of each item, some features dropped; fused, and at unit length: vectors.
void TowerTrainer::speak(Batch& batch) const {
  const size_t dim = settings_.dim;
  const size_t modalities = inputs_.size();
  batch.open(modalities, dim);
  for (size_t m = 0; m < modalities; m++) {
    if (content_.modalities[m].inputs > 0) continue;
    batch.keepRoom(m, [&](uint32_t row) { return inputs_[m].offsets[row + 1] - inputs_[m].offsets[row]; });
  }
  parallelFor(threads_, batch.items.size(), kItemChunk, control_, [&](size_t, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      const uint32_t row = batch.items[i];
      Random random(seedOf(seed_, step_, row + 1));
      float* spoken = batch.spoken.data() + i * modalities * dim;
      uint8_t* present = batch.present.data() + i * modalities;
      for (size_t m = 0; m < modalities; m++) {
        const Inputs& inputs = inputs_[m];
        const bool drops = content_.modalities[m].inputs == 0;
        present[m] = inputs.offsets[row] != inputs.offsets[row + 1];
        for (uint64_t e = inputs.offsets[row]; e < inputs.offsets[row + 1]; e++) {
          const bool kept = !drops || random.uniform() >= settings_.dropout;
          if (drops) batch.kept[m][batch.keptOffsets[m][i] + (e - inputs.offsets[row])] = kept;
          const TowerInput& input = inputs.entries[e];
          if (kept) {
            kernels().axpyF32(input.weight, model_->modalities[m].table.data() + input.row * dim, spoken + m * dim,
                              dim);
          }
        }
      }
      fuse(model_->modalities, dim, spoken, present, batch.shares.data() + i * modalities,
           batch.vectors.data() + i * dim);
      batch.lengths[i] = toUnit(batch.vectors.data() + i * dim, dim);
    }
  });
}

/// wanted = the unit vector of what each case is after.
void TowerTrainer::want(Batch& batch) const {
  const size_t dim = settings_.dim;
  parallelFor(threads_, batch.cases, kRowChunk, control_, [&](size_t, size_t begin, size_t end) {
    for (size_t c = begin; c < end; c++) {
      float* wanted = batch.wanted.data() + c * dim;
      for (size_t h = batch.hadOffsets[c]; h < batch.hadOffsets[c + 1]; h++) {
        const Batch::Had& had = batch.had[h];
        kernels().axpyF32(had.weight, batch.vectors.data() + had.item * dim, wanted, dim);
        kernels().axpyF32(had.weight, model_->behaviour.data() + static_cast<size_t>(batch.items[had.item]) * dim,
                          wanted, dim);
      }
      batch.wantedLengths[c] = toUnit(wanted, dim);
    }
  });
}

/// The softmax over candidates less what a case had; leaves the gradients of what is wanted and of the candidates.
double TowerTrainer::score(Batch& batch) const {
  const size_t dim = settings_.dim;
  const size_t count = batch.candidates;
  const float scale = std::exp(sharpness_[0]);
  const auto gemm = kernels().gemmBf16;
  parallelFor(threads_, batch.cases, kRowChunk, control_, [&](size_t, size_t begin, size_t end) {
    const size_t rows = end - begin;
    float* scores = batch.scores.data() + begin * count;
    const float* wanted = batch.wanted.data() + begin * dim;
    gemm({wanted, dim, false, batch.vectors.data(), dim, true, scores, count, rows, count, dim, false});
    for (size_t c = begin; c < end; c++) {
      float* row = batch.scores.data() + c * count;
      const uint32_t target = batch.targets[c];
      double drift = 0;  // of the sharpness: sum of gradient x cosine
      for (size_t j = 0; j < count; j++) row[j] *= scale;
      const float right = row[target];
      for (size_t h = batch.hadOffsets[c]; h < batch.hadOffsets[c + 1]; h++) {
        const uint32_t item = batch.had[h].item;
        if (item < count && item != target) row[item] = kNever;
      }
      std::copy_n(row, count, batch.raw.data() + c * count);
      float largest = 0;
      const double total = kernels().softmaxF32(row, count, &largest);
      batch.losses[c] = std::log(total) + largest - right;
      const float each = static_cast<float>(1 / (total * static_cast<double>(batch.cases)));
      for (size_t j = 0; j < count; j++) row[j] *= each;
      row[target] -= 1 / static_cast<float>(batch.cases);
      for (size_t j = 0; j < count; j++) {
        if (batch.raw[c * count + j] > kNever) drift += static_cast<double>(row[j]) * batch.raw[c * count + j];
      }
      batch.drifts[c] = drift;
      for (size_t j = 0; j < count; j++) row[j] *= scale;
    }
    gemm({scores, count, false, batch.vectors.data(), dim, false, batch.dWanted.data() + begin * dim, dim, rows, dim,
          count, false});
  });
  parallelFor(threads_, count, kRowChunk, control_, [&](size_t, size_t begin, size_t end) {
    gemm({batch.scores.data() + begin, count, true, batch.wanted.data(), dim, false,
          batch.dVectors.data() + begin * dim, dim, end - begin, dim, batch.cases, false});
  });
  return std::accumulate(batch.losses.begin(), batch.losses.begin() + static_cast<std::ptrdiff_t>(batch.cases), 0.0);
}

void TowerTrainer::step(double rate, const float* gradient, size_t begin, size_t count, std::vector<float>& weights,
                        AdamState& state) const {
  AdamSettings adam;
  adam.rate = rate;
  adam.second = 0.999;
  adamStep(adam, step_, 1, gradient, begin, count, weights, state);
}

/// Gradients from what is wanted back to behaviour, vectors, shares, attention and tables; each takes its step.
void TowerTrainer::teach(Batch& batch) {
  const size_t dim = settings_.dim;
  const size_t modalities = inputs_.size();
  for (size_t c = 0; c < batch.cases; c++) {
    float* gradient = batch.dWanted.data() + c * dim;
    throughUnit(batch.wanted.data() + c * dim, batch.wantedLengths[c], dim, gradient);
  }
  batch.turnHistories();
  parallelFor(threads_, batch.items.size(), kItemChunk, control_, [&](size_t, size_t begin, size_t end) {
    std::vector<float> taught(dim);
    for (size_t i = begin; i < end; i++) {
      float* gradient = batch.dVectors.data() + i * dim;
      std::fill(taught.begin(), taught.end(), 0.0f);
      for (size_t u = batch.useOffsets[i]; u < batch.useOffsets[i + 1]; u++) {
        kernels().axpyF32(batch.uses[u].weight, batch.dWanted.data() + batch.uses[u].item * dim, taught.data(), dim);
      }
      if (batch.useOffsets[i] != batch.useOffsets[i + 1]) {
        kernels().axpyF32(1, taught.data(), gradient, dim);
        step(settings_.behaviourRate, taught.data(), static_cast<size_t>(batch.items[i]) * dim, dim, model_->behaviour,
             behaviourState_);
      }
      throughUnit(batch.vectors.data() + i * dim, batch.lengths[i], dim, gradient);
      // From the fused vector to what each modality said, and to how much it counted.
      const float* spoken = batch.spoken.data() + i * modalities * dim;
      float* shares = batch.shares.data() + i * modalities;
      float* dScores = batch.dScores.data() + i * modalities;
      float mean = 0;
      for (size_t m = 0; m < modalities; m++) {
        kernels().dotF32(gradient, spoken + m * dim, dim, 1, dim, &dScores[m]);
        mean += shares[m] * dScores[m];
      }
      for (size_t m = 0; m < modalities; m++) dScores[m] = shares[m] * (dScores[m] - mean);
    }
  });
  std::vector<float> dBias(modalities, 0.0f);
  std::vector<float> dSpoken(batch.items.size() * dim);
  std::vector<float> dAttention(dim);
  for (size_t m = 0; m < modalities; m++) {
    std::fill(dAttention.begin(), dAttention.end(), 0.0f);
    for (size_t i = 0; i < batch.items.size(); i++) {
      const float dScore = batch.dScores[i * modalities + m];
      dBias[m] += dScore;
      kernels().axpyF32(dScore, batch.spoken.data() + (i * modalities + m) * dim, dAttention.data(), dim);
      float* to = dSpoken.data() + i * dim;
      for (size_t d = 0; d < dim; d++) {
        to[d] = batch.shares[i * modalities + m] * batch.dVectors[i * dim + d] +
                dScore * model_->modalities[m].attention[d];
      }
    }
    teachTable(batch, m, dSpoken.data());
    step(settings_.attentionRate, dAttention.data(), 0, dim, model_->modalities[m].attention, attentionStates_[m]);
  }
  step(settings_.attentionRate, dBias.data(), 0, modalities, biases_, biasState_);
  for (size_t m = 0; m < modalities; m++) model_->modalities[m].bias = biases_[m];
  const auto drift = static_cast<float>(
      std::accumulate(batch.drifts.begin(), batch.drifts.begin() + static_cast<std::ptrdiff_t>(batch.cases), 0.0));
  step(kSharpnessRate, &drift, 0, 1, sharpness_, sharpnessState_);
}

/// The rows of a table that the step has seen, each by the sum over the items that have it.
void TowerTrainer::teachTable(Batch& batch, size_t m, const float* dSpoken) {
  const size_t dim = settings_.dim;
  const Inputs& inputs = inputs_[m];
  std::vector<float>& table = model_->modalities[m].table;
  batch.turnInputs(table.size() / dim, [&](const auto& use) {
    for (size_t i = 0; i < batch.items.size(); i++) {
      const uint32_t row = batch.items[i];
      for (uint64_t e = inputs.offsets[row]; e < inputs.offsets[row + 1]; e++) {
        const bool kept =
            content_.modalities[m].inputs > 0 || batch.kept[m][batch.keptOffsets[m][i] + (e - inputs.offsets[row])];
        if (kept) use(inputs.entries[e].row, static_cast<uint32_t>(i), inputs.entries[e].weight);
      }
    }
  });
  parallelFor(threads_, batch.used.size(), kFeatureChunk, control_, [&](size_t, size_t begin, size_t end) {
    std::vector<float> gradient(dim);
    for (size_t f = begin; f < end; f++) {
      const uint32_t feature = batch.used[f];
      std::fill(gradient.begin(), gradient.end(), 0.0f);
      for (size_t u = batch.inputOffsets[feature]; u < batch.inputOffsets[feature + 1]; u++) {
        kernels().axpyF32(batch.inputs[u].weight, dSpoken + batch.inputs[u].item * dim, gradient.data(), dim);
      }
      step(settings_.rate, gradient.data(), feature * dim, dim, table, tableStates_[m]);
    }
  });
}

std::shared_ptr<ContentModel> TowerTrainer::model() const {
  auto model = std::make_shared<ContentModel>(*model_);
  const size_t dim = model->dim;
  model->vectors.assign(static_cast<size_t>(model->items) * dim, 0.0f);
  parallelFor(threads_, model->items, kItemChunk, control_, [&](size_t, size_t begin, size_t end) {
    ContentScratch scratch;
    for (size_t item = begin; item < end; item++) {
      encodeContent(*model, content_, static_cast<uint32_t>(item), scratch, model->vectors.data() + item * dim);
    }
  });
  return model;
}

}  // namespace kairank
