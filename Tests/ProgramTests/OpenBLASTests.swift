import Foundation
import RunRecords
import TestSupport
import Testing

extension ProgramTests {
  /// OpenBLAS is there for those who need it, with the threads and kernels that they ask for.
  @Suite(.serialized) struct OpenBLASTests {
    /// A training that multiplies by OpenBLAS.
    private static let needing = [
      "--preset", "sigmoid-chain", "--set", "training.gradient=layerTargets", "--set", "training.epochs=100",
      "--set", "optimizer.learningRate=0.1", "--name", "run",
    ]

    /// A training whose products are all the program's own.
    private var byWeight: [String] { short + ["--set", "optimizer.partition=weight"] }

    /// Stands in for OpenBLAS: notes the threads that its environment asks for when it is loaded, does not know the
    /// processor, and multiplies slowly.
    private static let noting = """
      #include <stdio.h>
      #include <stdlib.h>
      static const char *core;
      __attribute__((constructor)) static void load(void) {
        FILE *file = fopen("loaded", "a");
        fprintf(file, "%s\\n", getenv("OPENBLAS_NUM_THREADS"));
        fclose(file);
        core = getenv("OPENBLAS_CORETYPE");
      }
      static int threads = 1;
      void openblas_set_num_threads(int wanted) { threads = wanted; }
      int openblas_get_num_threads(void) { return threads; }
      const char *openblas_get_config(void) { return "OpenBLAS of a test "; }
      const char *openblas_get_corename(void) { return core ? core : "Prescott"; }
      #define GEMM(name, T)                                                                                     \\
        void name(int order, int ta, int tb, int m, int n, int k, T alpha, const T *a, int lda, const T *b,      \\
                  int ldb, T beta, T *c, int ldc) {                                                             \\
          for (int i = 0; i < m; i++)                                                                           \\
            for (int j = 0; j < n; j++) {                                                                       \\
              T sum = 0;                                                                                        \\
              for (int t = 0; t < k; t++)                                                                       \\
                sum += (ta == 111 ? a[i * lda + t] : a[t * lda + i]) * (tb == 111 ? b[t * ldb + j] : b[j * ldb + t]); \\
              c[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);                           \\
            }                                                                                                   \\
        }
      GEMM(cblas_sgemm, float)
      GEMM(cblas_dgemm, double)
      """

    private static let name = "libopenblas.so.0"

    private func libraries(in folder: ScratchFolder) throws -> [String: String] {
      _ = try SharedLibrary(Self.noting, named: Self.name, in: folder)
      return ["LD_LIBRARY_PATH": folder.path]
    }

    private func loads(in folder: ScratchFolder) -> [String] {
      let text = FileManager.default.contents(atPath: folder.path + "/loaded") ?? Data()
      return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func manifest(in folder: ScratchFolder) throws -> Manifest {
      let file = URL(fileURLWithPath: folder.path + "/runs/run/manifest.json")
      return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
    }

    @Test func `a training by the program's own kernels does not open it`() throws {
      let folder = try ScratchFolder()
      let environment = try libraries(in: folder)
      for arguments in [
        byWeight + ["--name", "run"], ["evaluate", "runs/run"],
        ["check", "bound", "--bound", "full", "--set", "optimizer.partition=weight"],
      ] {
        let run = try ProgramRun.run(program, arguments, in: folder.path, environment: environment)
        #expect(run.exitCode == 0, "\(run.errors)")
      }
      #expect(loads(in: folder).isEmpty)
      #expect(try manifest(in: folder).libraries.blas == nil)
    }

    @Test func `its threads are those of the settings before it is loaded`() throws {
      let folder = try ScratchFolder()
      var environment = try libraries(in: folder)
      environment["OPENBLAS_CORETYPE"] = "Haswell"
      environment["OPENBLAS_NUM_THREADS"] = "7"
      for (settings, threads) in [(["--set", "training.threads=3"], 3), ([], 7)] {
        let run = try ProgramRun.run(
          program, Self.needing.dropLast(2) + settings + ["--print-config"], in: folder.path, environment: environment)
        #expect(run.output.contains("threads: \(threads)\n"), "\(run.output)")
        let trained = try ProgramRun.run(
          program, Self.needing.dropLast(2) + settings, in: folder.path, environment: environment)
        #expect(trained.exitCode == 0, "\(trained.errors)")
        #expect(loads(in: folder).last == "\(threads)")
      }
    }

    #if arch(x86_64)
      @Test(arguments: [nil, "Prescott"] as [String?])
      func `no processor is taken for one of 2004, unless the user says so`(kernel: String?) throws {
        let folder = try ScratchFolder()
        var environment = try libraries(in: folder)
        environment["OPENBLAS_CORETYPE"] = kernel
        let run = try ProgramRun.run(program, Self.needing, in: folder.path, environment: environment)
        try #require(run.exitCode == 0, "\(run.errors)")
        let libraries = try manifest(in: folder).libraries
        #expect(libraries.blas == "OpenBLAS of a test" && loads(in: folder).count == (kernel == nil ? 2 : 1))
        #expect(kernel.map { libraries.blasKernel == $0 } ?? ["Haswell", "SkylakeX"].contains(libraries.blasKernel))
      }
    #endif

    @Test func `products by it and by plain loops train the same model`() throws {
      let losses = try [[:], nil].map { (none: [String: String]?) in
        let folder = try ScratchFolder()
        let environment = try none ?? libraries(in: folder)
        let run = try ProgramRun.run(program, Self.needing, in: folder.path, environment: environment)
        try #require(run.exitCode == 0, "\(run.errors)")
        return try #require(try manifest(in: folder).result?.testLoss)
      }
      // 100 steps of some ten roundings each.
      #expect(abs(losses[0] - losses[1]) <= 1000 * Double(Float.ulpOfOne) * losses[0])
    }

    @Test(arguments: [1, 3]) func `where it is not there, only what needs it says so`(ranks: Int) throws {
      let folder = try ScratchFolder()
      for name in [Self.name, "libopenblasp.so.0", "libopenblas.so"] { _ = try folder.write([], to: name) }
      let environment = ["LD_LIBRARY_PATH": folder.path]
      let plain = try ProgramRun.run(program, byWeight, ranks: ranks, in: folder.path, environment: environment)
      #expect(plain.exitCode == 0, "\(plain.errors)")
      let run = try ProgramRun.run(program, Self.needing, ranks: ranks, in: folder.path, environment: environment)
      #expect(run.exitCode == 70 && run.errors.contains("OpenBLAS cannot be opened: "), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs/run"))
    }

    @Test(arguments: [1, 2]) func `curvature by unit needs its LAPACK, and says so`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let environment = try libraries(in: folder)
      let run = try ProgramRun.run(
        program, short + ["--name", "run"], ranks: ranks, in: folder.path, environment: environment)
      #expect(run.exitCode == 70, "\(run.output)")
      #expect(run.errors.contains("without LAPACK") && run.errors.contains("optimizer.partition to weight"))
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs/run"))
    }

    /// As if the machine had 64 cores.
    private static let manyCores = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <sched.h>
      #include <string.h>
      #include <unistd.h>
      long sysconf(int name) {
        if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) return 64;
        return ((long (*)(int))dlsym(RTLD_NEXT, "sysconf"))(name);
      }
      int get_nprocs(void) { return 64; }
      int get_nprocs_conf(void) { return 64; }
      int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set) {
        memset(set, 0, size);
        for (int core = 0; core < 64; core++) CPU_SET_S(core, size, set);
        return 0;
      }
      """

    @Test(arguments: [1, 2])
    func `many cores cost no threads and no address space`(ranks: Int) throws {
      let folder = try ScratchFolder()
      let library = try SharedLibrary(Self.manyCores, in: folder)
      // A pool of 64 threads would take 9 GB; a rank has 0.3.
      let script = "export LD_PRELOAD='\(library.path)'; ulimit -v 1500000; exec \"$@\""
      for arguments in [short, byWeight, Self.needing] {
        let run = try ProgramRun.run(
          "sh", ["-c", script, "sh", program] + arguments, ranks: ranks == 1 ? nil : ranks, in: folder.path)
        #expect(run.exitCode == 0 && run.output.contains("test loss:"), "\(run.exitCode) \(run.errors)")
      }
    }
  }
}
