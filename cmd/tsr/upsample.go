package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tsr/internal/ui"
	"tsr/internal/video"
	"tsr/pyramid"
	"tsr/tsr"
)

// upsampleFlags are the flags of tsr upsample as they are given.
type upsampleFlags struct {
	factor    int
	method    string
	preset    string
	budget    time.Duration
	steps     int
	exposure  string
	pairs     string
	seed      uint64
	precision string
	backend   string
	threads   int
	memory    string
	job       string
	restart   bool
	outDir    string
	manifest  string
	shard     string
	force     bool
	overwrite bool
	init      string
	saveModel string
	uncertain string
	report    string
	progress  string
	json      bool
	quiet     bool
	verbose   bool
	clip      clipFlags
	shots     shotFlags
	time      timeFlags
}

func newUpsample() *cobra.Command {
	var f upsampleFlags
	c := &cobra.Command{
		Use:   "upsample INPUT OUTPUT [flags] [-- arguments for ffmpeg]",
		Short: "give a clip 2, 4 or 8 times its frames",
		Long: `Learn from INPUT alone how it moves, and write it with more frames to OUTPUT. A
clip is a video file, a folder of numbered images (an output path ending in /),
or - for a pipe of yuv4mpeg. The same command given again goes on with a run
that was interrupted.

With --out-dir or --from-manifest many clips are made one after the other, what is
done already is left as it is, a clip that fails does not stop the others, and the
exit code is that of the worst failure.

SIGUSR1 makes a run tell in one line on standard error how far it is.`,
		Example: `  tsr upsample clip.mp4 smooth.mp4                  twice the frames a second
  tsr upsample -x 8 --slowmo clip.mp4 slow.mp4      8 times as long
  tsr upsample --fps 60 film.mkv film60.mkv         from any rate
  tsr upsample --budget 30m frames/ more/           images, 30 min of training
  tsr upsample --out-dir smooth/ *.mp4              one after the other`,
		RunE: func(c *cobra.Command, args []string) error {
			args, extra := passed(c, args, f.least())
			if err := f.clip.check(c, extra); err != nil {
				return err
			}
			if err := f.time.check(c); err != nil {
				return err
			}
			if err := f.checkBatch(args); err != nil {
				return err
			}
			o, err := f.options(c)
			if err != nil {
				return err
			}
			if o.Init, err = readModel(f.init); err != nil {
				return err
			}
			u := &upsampling{ctx: c.Context(), flags: f, opts: o, stdout: c.OutOrStdout(), started: time.Now()}
			u.ui = f.drawer(c)
			defer u.ui.Close()
			defer answerSignals(u.ui)()
			if f.many() {
				return u.batch(args, c.ErrOrStderr())
			}
			u.input, u.output = args[0], args[1]
			if u.input == video.Pipe || u.output == video.Pipe {
				return u.throughPipes(c)
			}
			return u.run()
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.IntVarP(&f.factor, "factor", "x", 2, "`2|4|8`: how many times the frames")
	fs.StringVar(&f.method, "method", methodTSR, "`NAME` is tsr, or a control that learns nothing:\n"+strings.Join(methodNames()[1:], ", "))
	fs.StringVarP(&f.preset, "preset", "p", string(tsr.Balanced), "`NAME`: fast, balanced, best or paper")
	fs.DurationVar(&f.budget, "budget", 0, "train for `TIME` at most, such as 10m (default by preset)")
	fs.IntVar(&f.steps, "steps", 0, "train exactly `N` steps a level instead: the same on any machine")
	fs.StringVar(&f.exposure, "exposure", "full", "`E` of the shutter: full, delta, the open share of the interval, or auto:\nby the clip's blur")
	fs.StringVar(&f.pairs, "pairs", "", "learn from `KIND`: within the clip's dimensions, across them or both\n(default within; both for the preset paper)")
	fs.Uint64Var(&f.seed, "seed", 1, "`N`: equal seeds and steps give equal frames")
	fs.StringVar(&f.precision, "precision", "auto", "`P` of the convolutions: f32, bf16, or auto: the fastest that the processor has")
	fs.StringVar(&f.backend, "backend", "auto", "`NAME` of what convolves: auto, onednn or ref")
	fs.IntVar(&f.threads, "threads", 0, "compute with `N` threads (default all processors)")
	fs.StringVar(&f.memory, "memory", "", "use `SIZE` of memory at most, such as 4G (default 3/4 of what is free)")
	f.time.add(fs)
	f.clip.add(fs)
	f.shots.add(fs)
	fs.StringVar(&f.job, "job", "", "keep the state of the run in `DIR` (default OUTPUT.tsr; of a pipe, none)")
	fs.BoolVar(&f.restart, "restart", false, "start over")
	fs.StringVar(&f.outDir, "out-dir", "", "make all INPUTs, or the videos in a folder, in `DIR`")
	fs.StringVar(&f.manifest, "from-manifest", "", "make the clips that `FILE` lists, one JSON object a line with\ninput and output")
	fs.StringVar(&f.shard, "shard", "", "of many clips make every Nth only, from the Ith on: `I/N`")
	fs.BoolVar(&f.force, "force", false, "take a clip that tsr itself has made")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace OUTPUT")
	fs.StringVar(&f.init, "init", "", "start training from the model in `FILE`: same camera, same scene; none, the default: from random weights")
	fs.StringVar(&f.saveModel, "save-model", "", "write the trained network to `FILE` (.safetensors), for --init or PyTorch")
	fs.StringVar(&f.uncertain, "uncertainty", "", "write to `FILE`, a video or a folder/, how far the network's looks at the\nclip lie apart: white is 1/8 of the range of values")
	fs.StringVar(&f.report, "report", "", "write an HTML page with plots and slices to `FILE`, replacing what is there")
	fs.StringVar(&f.progress, "progress", string(ui.Auto), "`HOW`: auto, bar, plain, json or none")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON on standard output")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "errors only")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "say more")
	return c
}

// precisions are what --precision takes.
var precisions = []string{"auto", string(tsr.F32), string(tsr.BF16)}

// options checks the flags and turns them into options of the library.
func (f *upsampleFlags) options(c *cobra.Command) (*tsr.Options, error) {
	set := c.Flags().Changed
	switch {
	case f.factor != 2 && f.factor != 4 && f.factor != 8:
		return nil, usage("--factor", "", "%d: choose 2, 4 or 8", f.factor)
	case !slices.Contains(methodNames(), f.method):
		return nil, usage("--method", "", "%q: choose %s", f.method, strings.Join(methodNames(), ", "))
	case !slices.Contains(tsr.Presets, tsr.Preset(f.preset)):
		return nil, usage("--preset", "", "%q: choose fast, balanced, best or paper", f.preset)
	case set("budget") && f.budget <= 0:
		return nil, usage("--budget", "", "%v: must be above 0", f.budget)
	case set("steps") && f.steps <= 0:
		return nil, usage("--steps", "", "%d: must be above 0", f.steps)
	case set("steps") && set("budget"):
		return nil, usage("--steps", "give one of them", "does not go together with --budget")
	case f.pairs != "" && f.pairs != string(tsr.BothPairs) && f.pairs != string(tsr.WithinPairs) && f.pairs != string(tsr.AcrossPairs):
		return nil, usage("--pairs", "", "%q: choose both, within or across", f.pairs)
	case f.seed == 0:
		return nil, usage("--seed", "", "0: seeds are 1 and above")
	case !slices.Contains(precisions, f.precision):
		return nil, usage("--precision", "", "%q: choose %s", f.precision, strings.Join(precisions, ", "))
	case f.backend != "auto" && f.backend != "onednn" && f.backend != "ref":
		return nil, usage("--backend", "", "%q: choose auto, onednn or ref", f.backend)
	case set("threads") && f.threads <= 0:
		return nil, usage("--threads", "", "%d: must be above 0", f.threads)
	case f.report != "" && f.method != methodTSR:
		return nil, usage("--report", "tsr eval has a report about controls", "is for --method tsr")
	case f.uncertain != "" && f.method != methodTSR:
		return nil, usage("--uncertainty", "", "is for --method tsr")
	case (f.init != "" || f.saveModel != "") && f.method != methodTSR:
		return nil, usage("--method "+f.method, "leave out --init and --save-model", "trains nothing")
	case f.saveModel != "" && filepath.Ext(f.saveModel) != modelExt:
		return nil, usage("--save-model", "", "%q: the name must end in %s", f.saveModel, modelExt)
	case f.quiet && f.verbose:
		return nil, usage("--quiet", "give one of them", "does not go together with --verbose")
	}
	if _, err := parseMode(f.progress); err != nil {
		return nil, err
	}
	exposure, err := pyramid.ParseExposure(f.exposure)
	if err != nil && f.exposure != autoExposure {
		return nil, usage("--exposure", "", "%q: give full, delta, auto or a number above 0 and up to 1", f.exposure)
	}
	memory := int64(0)
	if set("memory") {
		if memory, err = parseSize(f.memory); err != nil {
			return nil, usage("--memory", "", "%w", err)
		}
	}
	o := &tsr.Options{
		Factor: f.factor, Preset: tsr.Preset(f.preset), Budget: f.budget, Steps: f.steps, Exposure: exposure,
		Pairs: tsr.PairMix(f.pairs), Seed: f.seed,
		Precision: tsr.Precision(f.precision), Backend: f.backend, Threads: f.threads, Memory: memory, Job: f.job, Restart: f.restart,
	}
	if err := f.shots.options(o, set, f.method); err != nil {
		return nil, err
	}
	if f.many() && f.shots.at != nil {
		return nil, usage("--cuts "+f.shots.cuts, "choose auto, off or a threshold", "is for one clip")
	}
	return o, nil
}

func parseMode(s string) (ui.Mode, error) {
	for _, m := range ui.Modes {
		if s == string(m) {
			return m, nil
		}
	}
	return "", usage("--progress", "", "%q: choose auto, bar, plain, json or none", s)
}

// parseSize reads "512M" or "4G" in powers of 1024, as memory is counted; "GiB" and "GB" are taken for "G".
func parseSize(s string) (int64, error) {
	number := strings.TrimRight(strings.ToUpper(s), "IB")
	shift := 0
	if n := len(number) - 1; n >= 0 {
		if i := strings.IndexByte("KMGT", number[n]); i >= 0 {
			number, shift = number[:n], 10*(i+1)
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if bytes := f * float64(int64(1)<<shift); err == nil && bytes >= 1 && bytes < math.MaxInt64 {
		return int64(bytes), nil
	}
	return 0, fmt.Errorf("%q: give a size such as 512M or 4G", s)
}

// drawer returns what draws the progress of a run.
func (f *upsampleFlags) drawer(c *cobra.Command) ui.UI {
	mode, _ := parseMode(f.progress) // options has checked it
	if f.quiet && !c.Flags().Changed("progress") {
		mode = ui.None
	}
	o := ui.Options{}
	if file, ok := c.ErrOrStderr().(*os.File); ok {
		mode, o = ui.Terminal(file, mode, os.Getenv)
	} else if mode == ui.Auto {
		mode = ui.Plain
	}
	o.Quiet = f.quiet
	return ui.New(c.ErrOrStderr(), mode, o)
}
