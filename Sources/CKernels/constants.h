// Coefficients fitted by Remez exchange to the functions named; relative error of the exact polynomial in brackets.

// (exp(r) − 1 − r) / r² on |r| ≤ ln 2 / 2 [3e-9 of exp(r)]
#define EXP_C2 0.49999994f
#define EXP_C3 0.1666652f
#define EXP_C4 0.041668393f
#define EXP_C5 0.008368781f
#define EXP_C6 0.0013814467f

// erfcx(x/√2)/2 in u = 1 / (1 + 0.3·x) on 0 ≤ x ≤ 13, highest power first [6e-8]
#define GELU_SCALE 0.3f
#define GELU_COEFFICIENTS \
  {0.03827097783277975f, -0.16864340215446813f, 0.22757770566845806f, -0.07526516005833742f, 0.14167542971671038f, \
   0.09505123985118073f, 0.12182585310888791f,  0.11950100149957647f, 6.3828716321337346e-06f}

// (tanh(x)/x − 1) / x² in x² on |x| ≤ 0.625 [5e-9 of tanh]
#define TANH_C0 -0.3333328f
#define TANH_C1 0.13331442f
#define TANH_C2 -0.05373971f
#define TANH_C3 0.020639079f
#define TANH_C4 -0.0057049785f
