//go:build cgo && !noonednn

#define HALF 0
#include "avx512.h"
