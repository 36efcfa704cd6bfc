//go:build !cgo

package quality

func round(p, q []uint8, a, b []float32) (square uint64, exact bool) { return roundPlain(p, q, a, b) }
func squares(a, b []uint8) uint64                                    { return squaresPlain(a, b) }
func fromSamples(to *fields, a, b []float32)                         { fromSamplesPlain(to, a, b) }
func fromSteps(to *fields, a, b []uint8)                             { fromStepsPlain(to, a, b) }
func gauss(dst, src []float64, at *[width]int64)                     { gaussPlain(dst, src, at) }
func across(dst, src []float64)                                      { acrossPlain(dst, src) }
func similarity(dst []float64, m *fields)                            { similarityPlain(dst, m) }
