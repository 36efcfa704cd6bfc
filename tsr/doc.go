// Package tsr makes a clip's time finer: it returns 2, 4 or 8 times the frames, with motion blur and motion aliasing
// undone. What it knows it learns from the clip itself; nothing else has taught it anything.
//
//	var sink tsr.ToVolume
//	res, err := tsr.Upsample(ctx, tsr.FromVolume(clip), &sink, &tsr.Options{Factor: 8})
//
// # Terms
//
// LTR and HTR are the clip at low and high temporal resolution. T4S2 is a level: 4 times the input's frames at 1/2 of
// its size. The exposure is the share of the frame interval during which the shutter is open; with a full exposure an
// LTR frame is the mean of its HTR frames. BP is back-projection. Clips are float32 [T,H,W,3] in [0,1]; between the
// input and the output they are kept in steps of 1/32640, 128 times as fine as 8 bits.
//
// # Why it can work
//
// Small patches of space-time come again in one clip at many speeds and sizes. What moves slowly at one place shows,
// when the clip is made coarser in time, how the fast place looks as an LTR clip and as an HTR one (within the
// dimensions). And a slice of the clip along x and t looks like a picture whose one axis, time, is too coarse: exchange
// x and t, and the sharp axis of space teaches the blurred axis of time (across dimensions). Pollak Zuckerman, Naor,
// Pisha, Bagon, Irani: Across Scales & Across Dimensions, ECCV 2020.
//
// The network need not learn what optical flow already knows. Where things move, its base is what lies before and after
// along their motion (package motion), and it learns what is missing: sharpness, what was hidden, and where the flow is
// wrong, as on a wheel that seems to turn backwards. Pairs across dimensions have no flow, and gave less than they cost
// before there was any (docs/experiments.md): the presets but Paper leave them out, and [Options].Pairs brings them back.
//
// Of its pairs a fifth are frames of the clip that pan at any speed, which teach the network to follow the motion. Where what
// flow alone adds to cubic interpolation has too small a share in what is right for the clip coarsened once more, or gains next to
// nothing there, or nothing in a stretch that holds much of the error, they are left out.
//
// # A run
//
// [Upsample] goes through a list of tasks that depends on the factor and the frame size only (plan.go):
//
//	decode            source → T1S1
//	shrink            T1S1 → T1S4, T1S2          antialiased cubic
//	learn T1S4        space-time pyramid → pairs → network, L1, by Adam and Muon
//	upsample          T1S4 → T2S4                network in tiles, then BP in time
//	refine            T2S4 → T2S2                cubic, then BP in time, space, time
//	learn, upsample   T2S2 → T4S2, refine → T4S1, learn, upsample → T8S1
//	encode            T8S1 → sink, clamped once
//
// Each doubling's training starts from the weights of the one before and, where a budget decides, takes half of its steps. The start is at 1/4
// of the size for ×8 and 1/2 for ×4, or at a larger size where frames would have fewer than 128 rows or columns there.
//
// # Who does what
//
//	tsr             the run: options, tasks, budget, validation
//	pyramid         levels, exposure, the space-time pyramid and its views
//	train           pairs, batches drawn ahead, rate rules, the training run
//	backproject     BP in time, in space, in both
//	internal/net    the network as a gorgonia graph, L1, Adam and Muon, tiles
//	internal/motion interpolation along the motion, on which the network builds
//	internal/conv   the convolution kernels: plain Go, oneDNN and our own for AVX-512, one test suite for all
//	internal/job    the folder from which a stopped run goes on
//	internal/video  frames from and to files
//	internal/retime another rate or speed from the result's frames
//
// # Cuts and overlays
//
// While the clip is decoded, package scene looks for cuts, unless [Options].Cuts tells them. One network learns from all
// shots, but no pair, no frame and no back-projection uses frames of two: its ends are a shot's ends as they are a clip's.
// Shots that hold no crop are not learnt from; where none has 8 frames nothing is, and the result is cubic interpolation
// with BP. The self-validation looks at all shots by their lengths.
//
// What stands still over moving pictures, such as a logo, and what [Options].Mask covers is the input's frame, repeated.
// That is done last, so that levels and training are as without.
//
// # When the network does not help
//
// After a doubling's training the run rebuilds the level from itself coarsened once more in time, and gives the network
// the share of the result, from 0 to 1, that serves best there. Then it films the result of the level itself again, half a
// frame later, and looks whether the network finds that result once more: one that learnt what is true at half the rate
// only does not, and its share shrinks, unless it changes so little that noise decides. With no share, as where light
// swings, what is left is cubic interpolation with BP. A later doubling whose level moves one way, and at half its rate the
// other, has no network either: it would learn to turn against what flow says.
//
// # What a run promises
//
// Pair n, step n, and so every bit of the result depend on the clip, the options and the machine's kernels only. The state
// is saved every 20 seconds as a whole or not at all; a run that was killed goes on and, given Steps, ends with the same
// bits. A time budget becomes a number of steps by the speed of the first ones, and another one where the machine becomes
// slower or faster. A loss that is not finite ends the run with an error.
//
// With the exposure model true, each input frame is the mean of its output frames, up to those steps and the final
// clamping to [0,1]: the lean network predicts the difference of two HTR frames whose mean is known, and the paper's is
// followed by BP in time, an exact projection.
package tsr
