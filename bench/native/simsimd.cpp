// simsimd's C headers in a native loop over rows, for the dot bench: its own JavaScript binding takes one pair a call.
// Built for the CPU at hand (-march=native), so that the compiler sees one kernel and may inline it into the loop: its
// best case.

#include <node_api.h>
#include <simsimd/simsimd.h>

#include <cstdint>

namespace {

/// The elements of a typed array of the wanted type; null for anything else.
void* elementsOf(napi_env env, napi_value value, napi_typedarray_type wanted, size_t* length) {
  bool isTyped = false;
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &isTyped) != napi_ok || !isTyped) return nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  return type == wanted ? data : nullptr;
}

/// Which of simsimd's targets serves a type, by its own table.
uint32_t capabilityOf(simsimd_datatype_t type) {
  simsimd_kernel_punned_t kernel = nullptr;
  simsimd_capability_t used = simsimd_cap_serial_k;
  simsimd_find_kernel_punned(simsimd_metric_dot_k, type, simsimd_capabilities(), simsimd_cap_any_k, &kernel, &used);
  return static_cast<uint32_t>(used);
}

/// dot(query, rows, out): out[i] = <query, rows[i]>, rows dense.
template <typename In, typename Out, void (*kDot)(const In*, const In*, simsimd_size_t, simsimd_distance_t*),
          napi_typedarray_type kIn, napi_typedarray_type kOut>
napi_value dot(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  size_t dim = 0;
  size_t elements = 0;
  size_t rows = 0;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  const In* query = static_cast<const In*>(elementsOf(env, arguments[0], kIn, &dim));
  const In* matrix = static_cast<const In*>(elementsOf(env, arguments[1], kIn, &elements));
  Out* out = static_cast<Out*>(elementsOf(env, arguments[2], kOut, &rows));
  if (query == nullptr || matrix == nullptr || out == nullptr || dim == 0 || elements != dim * rows) {
    napi_throw_type_error(env, nullptr, "dot(query, rows, out): typed arrays of one type, rows of the query's length");
    return nullptr;
  }
  for (size_t i = 0; i < rows; ++i) {
    simsimd_distance_t distance;
    kDot(query, matrix + i * dim, dim, &distance);
    out[i] = static_cast<Out>(distance);
  }
  return nullptr;
}

void setFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

void setNumber(napi_env env, napi_value exports, const char* name, uint32_t number) {
  napi_value value;
  napi_create_uint32(env, number, &value);
  napi_set_named_property(env, exports, name, value);
}

}  // namespace

NAPI_MODULE_INIT() {
  setFunction(env, exports, "dotF32", dot<float, float, simsimd_dot_f32, napi_float32_array, napi_float32_array>);
  setFunction(env, exports, "dotI8", dot<int8_t, int32_t, simsimd_dot_i8, napi_int8_array, napi_int32_array>);
  setNumber(env, exports, "capabilityF32", capabilityOf(simsimd_datatype_f32_k));
  setNumber(env, exports, "capabilityI8", capabilityOf(simsimd_datatype_i8_k));
  return exports;
}
