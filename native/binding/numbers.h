#pragma once
// The numbers of a reply.

#include <napi.h>

#include <cstddef>

namespace kairank {

/// Typed arrays cut out of one buffer: one allocation for all numbers of a reply.
class Numbers {
 public:
  Numbers(napi_env env, size_t bytes) : env_(env) {
    const napi_status status = napi_create_arraybuffer(env, bytes, &data_, &buffer_);
    NAPI_THROW_IF_FAILED_VOID(env, status);
  }

  /// Fills the next array, widest elements first so that each is aligned.
  template <typename T, typename Fill>
  napi_value add(napi_typedarray_type type, size_t count, Fill fill) {
    T* out = reinterpret_cast<T*>(static_cast<char*>(data_) + used_);
    for (size_t i = 0; i < count; ++i) out[i] = fill(i);
    napi_value array = nullptr;
    const napi_status status = napi_create_typedarray(env_, type, count, buffer_, used_, &array);
    NAPI_THROW_IF_FAILED(env_, status, nullptr);
    used_ += count * sizeof(T);
    return array;
  }

 private:
  napi_env env_;
  napi_value buffer_ = nullptr;
  void* data_ = nullptr;
  size_t used_ = 0;
};

}  // namespace kairank
