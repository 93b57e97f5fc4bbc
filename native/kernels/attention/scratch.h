#pragma once
// Working memory of the attention kernels, one block a thread, kept between calls: a request allocates nothing.

#include <cstddef>

namespace kairank {

/// At least `bytes` bytes aligned to a cache line, valid until this thread asks again; contents are whatever they were.
void* attentionScratch(size_t bytes);

}  // namespace kairank
