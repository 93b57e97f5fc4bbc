#pragma once
// What JavaScript hands to the learners, copied into native memory and checked.

#include <napi.h>

#include <memory>
#include <string>

#include "../learn/blend.h"
#include "../learn/factors.h"
#include "../learn/rank_cases.h"
#include "../learn/rules.h"
#include "../learn/sequence/trainer.h"
#include "../learn/sessions.h"
#include "parse.h"

namespace kairank {

constexpr size_t kMaxThreads = 1024;

/// A NativeHistories; rows at or above `items` are refused. `items` of kNoRow lets every row pass.
Histories historiesOf(const Napi::Value& value, const std::string& name, uint32_t items);

/// A NativeCases, by the same rule for rows and targets.
Cases casesOf(const Napi::Value& value, const std::string& name, uint32_t items);

/// A NativeLists, by the same rule.
ShownLists listsOf(const Napi::Value& value, const std::string& name, uint32_t items);

struct LearnOptions {
  uint64_t seed = 1;
  uint32_t threads = 1;
  bool excludeSeen = true;
  Napi::Value onProgress;
};

/// A LearnOptions of src/native.ts.
LearnOptions learnOptionsOf(const Napi::Value& value);

/// What learnFactors takes beside them.
FactorSearch factorSearchOf(const Napi::Value& value, const LearnOptions& options);

/// The options of learnBlend; `onProgress` apart.
BlendOptions blendOptionsOf(const Napi::Value& value, Napi::Value& onProgress);

RankOptions rankOptionsOf(const Napi::Value& value);

/// Settings by name; a name that is absent keeps its default, an unknown one is refused.
RuleSettings ruleSettingsOf(const Napi::Value& value);
FactorSettings factorSettingsOf(const Napi::Value& value);
SessionSettings sessionSettingsOf(const Napi::Value& value);
SequenceSettings sequenceSettingsOf(const Napi::Value& value);

/// The options of learnSequence; `onProgress` apart.
SequenceRun sequenceRunOf(const Napi::Value& value, Napi::Value& onProgress);

std::shared_ptr<const RulesModel> rulesOf(uint32_t items, const Napi::Value& tensors);
std::shared_ptr<const FactorsModel> factorsOf(uint32_t items, const Napi::Value& tensors);
std::shared_ptr<const SessionsModel> sessionsOf(uint32_t items, const Napi::Value& tensors);
std::shared_ptr<const SequenceModel> sequenceOf(uint32_t items, const Napi::Value& tensors);

AttentionModel attentionOf(const Napi::Value& value);
Blend blendOf(const Napi::Value& value);

}  // namespace kairank
