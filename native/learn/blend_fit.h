#pragma once
// The weights of a blend by listwise softmax (ListNet's top-one loss, Cao et al. 2007) on candidates of cases.

#include "blend_table.h"

namespace kairank {

using SourceSet = uint32_t;  // bit s: Source s may count

/// Minimises -sum log of what the softmax gives the targets together, over cases with a target that was recalled,
/// weights and penalties of the sources in `sources` not negative, all others 0. Convex where every case has one
/// target; accelerated projected gradient (Beck & Teboulle 2009) from the same start at any number of threads. `chosen`
/// are indexes into `cases`.
Blend fitBlend(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, SourceSet sources,
               uint32_t threads, const Control& control);

/// Climbs from `start` on NDCG@10 itself, one weight or penalty after another (coordinate ascent, Metzler & Croft
/// 2007): the softmax cares for the whole list, a shop for its top. A source of `start` keeps its place, if only a
/// small one.
Blend refineBlend(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen, const Blend& start,
                  uint32_t threads, const Control& control);

/// NDCG@10 and recall@10 of each chosen case under a blend.
std::vector<CaseQuality> blendQualities(const std::vector<BlendFeatures>& cases, const std::vector<uint32_t>& chosen,
                                        const Blend& blend, uint32_t threads, const Control& control);

}  // namespace kairank
