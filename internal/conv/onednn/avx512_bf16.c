//go:build cgo && !noonednn

#define HALF 1
#include "avx512.h"
