// The inner loops, over plain pointers. Everything is fp32 and row-major unless it says otherwise.
//
// Each loop is one source compiled once per instruction set (see kernels.inc) and chosen at run time. All sets give equal
// bits: every output element is a fixed sequence of IEEE operations, fused only where fma is written, that depends on
// neither the number of rows, nor the tile, nor the vector width, nor the thread that computes it.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// How the elements of a packed matrix are held.
///
/// F32, BF16 and F16 are widened to fp32, exactly, as they are read. INT8 is for whole blocks: see gpt2_product.
typedef enum { GPT2_F32 = 0, GPT2_BF16 = 1, GPT2_F16 = 2, GPT2_INT8 = 3, GPT2_WEIGHT_TYPES = 4 } gpt2_weight_type;

/// Inner indices of a block of an INT8 matrix.
enum { GPT2_INT8_BLOCK = 64 };

/// A matrix product C = A·B + bias over packed B.
///
/// B, logically `[inner, columns]`, is cut into panels of columns, each stored step by step of inner indices; the last panel
/// is padded with zeros. Where B is F32, BF16 or F16 a step is one inner index, and an element of C is the chain
/// fma(a[k], b[k], …) over k = 0, 1, 2, … begun at the bias.
///
/// Where B is INT8 a step is a block of inner indices, the last one padded with zeros. An element of B is a number from
/// -127 to 127 times its block's and column's scale, and those of A are made such numbers, by row and block. An element of C is
/// the chain fma(Σ a·b, scale of a · scale of b, …) over the blocks, ascending, begun at the bias.
typedef struct {
  const float *a;        // [rows, inner], rows `a_pitch` floats apart
  size_t a_pitch;
  const void *panels;    // as gpt2_matrix_kernels packs them
  const float *_Nullable bias;  // [columns] or null for zero
  float *c;              // [rows, columns], rows `c_pitch` floats apart
  size_t c_pitch;
  size_t rows, inner, columns;
  float *_Nullable residual;  // if there is one, the product is added to it and C is left with unfinished sums
  size_t residual_pitch;
} gpt2_product;

/// What an instruction set does with matrices of one type.
typedef struct {
  /// Columns of a panel.
  size_t panel_width;
  /// Inner indices of a step, and bytes of a step of a panel.
  size_t step_inner, step_bytes;
  /// Computes rows [row_begin, row_end) of the panels [panel_begin, panel_end).
  void (*multiply)(const gpt2_product *product, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end);
  /// Packs inner indices [begin, end) of a matrix `[inner, columns]`, given as fp32 from `begin` on, a whole number of steps
  /// but for the end of the matrix.
  void (*pack_rows)(const float *rows, size_t begin, size_t end, size_t inner, size_t columns, void *panels);
  /// Packs columns [begin, end) of it, given as rows of its transpose `[columns, inner]` from `begin` on, a whole number of
  /// panels but for the end of the matrix.
  void (*pack_columns)(const float *rows, size_t begin, size_t end, size_t inner, void *panels);
  /// out[k] = B[k, column].
  void (*unpack_column)(const void *panels, size_t column, size_t inner, float *out);
} gpt2_matrix_kernels;

/// Positions of a chunk of the cache.
enum { GPT2_CACHE_CHUNK = 64 };

/// Cached keys and values of one head of one sequence: chunks of positions, each of keys as
/// [GPT2_CACHE_CHUNK / panel_width][head_width][panel_width] and, behind them, values as [GPT2_CACHE_CHUNK][value_pitch].
typedef struct {
  float *chunks;
  size_t chunk_pitch;    // floats from one chunk to the next
  size_t head_width;
  size_t panel_width;    // of the kernels that read it
  size_t value_pitch;    // head_width rounded up to panel_width
} gpt2_head_cache;

/// Causal attention of one head for consecutive rows of one sequence, whose keys and values are in the cache already.
typedef struct {
  const float *queries;  // [rows, head_width], rows `query_pitch` floats apart
  size_t query_pitch;
  gpt2_head_cache cache;
  size_t start;          // position of the first row: row r attends to keys 0 … start + r
  size_t rows;
  float scale;           // factor on the scores before the softmax
  float *out;            // [rows, head_width], rows `out_pitch` floats apart
  size_t out_pitch;
  float *scratch;        // gpt2_attention_scratch floats
} gpt2_attention;

typedef enum {
  GPT2_GELU_TANH,
  GPT2_GELU,
  GPT2_GELU_10,
  GPT2_QUICK_GELU,
  GPT2_SILU,
  GPT2_MISH,
  GPT2_RELU,
  GPT2_RELU2,
  GPT2_RELU6,
  GPT2_LEAKY_RELU,
  GPT2_HARDSWISH,
  GPT2_TANH,
  GPT2_SIGMOID,
  GPT2_LAPLACE,
  GPT2_SQRT_SOFTPLUS,
  GPT2_LINEAR
} gpt2_activation;

/// The loops of one instruction set.
typedef struct {
  const char *name;
  /// Keys of a panel of the cache.
  size_t panel_width;
  /// Matrices of each type.
  gpt2_matrix_kernels matrices[GPT2_WEIGHT_TYPES];
  void (*attend)(const gpt2_attention *attention);
  /// out[r] = (x[r] − mean) / √(variance + epsilon) · gain + offset, for `rows` rows of `width`.
  void (*layer_norm)(
    const float *x, size_t x_pitch, size_t rows, size_t width, const float *gain, const float *offset, float epsilon,
    float *out, size_t out_pitch);
  /// Applies the activation in place to `rows` rows of `columns`.
  void (*activate)(gpt2_activation activation, float *x, size_t pitch, size_t rows, size_t columns);
  /// out[i] = exp(x[i]·scale − shift); exactly 0 below the smallest normal number.
  void (*exp_terms)(const float *x, size_t count, float scale, float shift, float *out);
  /// Σ exp(x[i] − max), in a fixed order.
  double (*sum_exp)(const float *x, size_t count, float max);
  /// The largest element; NaN when any element is NaN or there is none.
  float (*max)(const float *x, size_t count);
  /// Runs `iterations` rounds of independent fused multiply-adds in registers; returns how many operations that were.
  double (*fma_peak)(size_t iterations, float *sink);
  /// The same of sums of products of four 8-bit numbers.
  double (*dot_peak)(size_t iterations, float *sink);
  /// Reads `count` floats; returns their sum, so that nothing is left out.
  float (*read)(const float *x, size_t count);
} gpt2_kernels;

/// The kernels of an instruction set by name, null when unknown or when this machine cannot run them.
const gpt2_kernels *_Nullable gpt2_kernels_named(const char *name);
/// Name of instruction set `index`, best first; null past the last one this program was built with.
const char *_Nullable gpt2_kernels_name(size_t index);

/// What an instruction set does with matrices of a type.
const gpt2_matrix_kernels *gpt2_matrices(const gpt2_kernels *kernels, gpt2_weight_type type);

/// Floats of scratch that attention over `positions` keys needs.
size_t gpt2_attention_scratch(size_t positions);

/// How the elements of a stored tensor are represented.
typedef enum { GPT2_STORED_F32 = 0, GPT2_STORED_F16 = 1, GPT2_STORED_BF16 = 2, GPT2_STORED_F64 = 3 } gpt2_element;

/// Converts `count` stored little-endian elements to fp32; returns the index of the first that is NaN or infinite, or `count`.
size_t gpt2_convert(gpt2_element element, const void *source, size_t count, float *out);
/// The first of `count` finite numbers that becomes infinite when it is rounded to a type, or `count`.
size_t gpt2_first_beyond(gpt2_weight_type type, const float *values, size_t count);

// Whether none of the values is no number, an infinity, or so large that a layer norm makes one of it.
// The values need not be aligned.
bool gpt2_all_finite(const void *values, size_t count);

/// Puts keys and values `[rows, head_width]`, rows `pitch` floats apart, into a head's cache at positions `start` and up.
void gpt2_cache_rows(
  const float *keys, const float *values, size_t pitch, size_t rows, size_t start, const gpt2_head_cache *cache);

/// Natural logarithm of a positive finite number, by the same operations on every machine.
double gpt2_log(double x);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
