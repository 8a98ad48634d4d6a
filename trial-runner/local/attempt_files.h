// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The files of an attempt folder, through which the engine and hone-shim talk: the only contract
/// between the two programs. No C++ library beyond these constants, so that the shim stays tiny.
///
/// launch      engine to shim: texts that each end with NUL, "key=value"; the first is kLaunchMagic
///             and the last kLaunchEnd, so that half a file is noticed. Written once, never
///             changed. The shim holds a lock (fcntl F_OFD_SETLK) on this file from before its
///             claim until its death.
/// claim       made by the shim with O_CREAT|O_EXCL: who makes it runs the attempt, all others
///             leave. Lines "key=value"; the shim also prints them on its standard output.
/// output.log  standard output and error of the trial, in the order written; of one that is longer
///             than the quota the middle is a hole in the file (see apps/shim/output.h). Of a job
///             of several replicas the primary's; the others have replica-NAME.log, and so has the
///             collector that runs beside the trial.
/// pushed.log  what that collector took: lines of core/push_line.h.
/// exit        how the attempt ended, lines "key=value"; renamed into place after fsync. Where that
///             fails (disk full), the same lines stand at the end of `claim`.
/// checkpoint  made by the engine: the digest of what the trial's checkpoint folder held at the
/// end. stop        made by the engine: a shim that finds it does not start the trial.
namespace hone::attempt_files {

inline constexpr char kLaunch[] = "launch";
inline constexpr char kClaim[] = "claim";
inline constexpr char kOutput[] = "output.log";
inline constexpr char kExit[] = "exit";
inline constexpr char kStop[] = "stop";
inline constexpr char kPushed[] = "pushed.log";
inline constexpr char kCheckpoint[] = "checkpoint";

// Texts of `launch`. kArgument and kVariable repeat, in order.
inline constexpr char kLaunchMagic[] = "hone-launch=1";
inline constexpr char kLaunchEnd[] = "end=";
inline constexpr char kArgument[] = "arg=";
inline constexpr char kVariable[] = "env=";              // NAME=value, the whole environment
inline constexpr char kFolder[] = "folder=";             // working folder of the trial
inline constexpr char kDeadline[] = "deadline_us=";      // longest running time; 0: none
inline constexpr char kGrace[] = "grace_us=";            // from TERM to KILL
inline constexpr char kLogQuota[] = "log_quota=";        // bytes of output.log on the disk; 0: any
inline constexpr char kOomCounter[] = "oom_counter=";    // file with a line "oom_kill N"
inline constexpr char kGpus[] = "gpus=";                 // for the engine: GPUs given, by commas
inline constexpr char kMetricsFrom[] = "metrics_from=";  // for the engine: the collector's file as
inline constexpr char kMetricsTo[] = "metrics_to=";  // the user wrote it, and where it really is
inline constexpr char kCleanup[] = "cleanup=";  // arguments of a program that the shim runs when
                                                // all is over, with the primary's environment
inline constexpr char kHasOwnNetwork[] = "own_network=1";  // containers and collector share a
                                                           // network that nobody else sees
inline constexpr char kOwnNetwork[] = "--network=ns:";     // an argument that the shim completes

// Texts of `launch` of a job of several replicas. kReplica begins a replica: what follows is its
// own, kFolder, kArgument and kVariable too. All are started together.
inline constexpr char kReplica[] = "replica=";             // its name: "worker-1"
inline constexpr char kRestart[] = "restart=";             // Never, OnFailure, Always, ExitCode
inline constexpr char kDecides[] = "decides=1";            // the job succeeds when all such have
inline constexpr char kPrimary[] = "primary=1";            // writes output.log
inline constexpr char kCollector[] = "collector=1";        // beside the trial, none of its replicas
inline constexpr char kReadyFirst[] = "ready_first=1";     // the others start once it has written a
                                                           // byte to its descriptor 3, or ended
inline constexpr char kBackoffLimit[] = "backoff_limit=";  // restarts of all replicas together
inline constexpr char kJobKind[] = "job_kind=";            // for the engine: "PyTorchJob"
inline constexpr char kJobName[] = "job_name=";            // for the engine
inline constexpr char kSuccessIf[] = "success_if=";        // for the engine: conditions of the
inline constexpr char kFailureIf[] = "failure_if=";        // trial template

inline constexpr char kCollectorName[] = "collector";   // in kReplica; comes last
inline constexpr char kReplicaLogStart[] = "replica-";  // names of the other replicas' logs
inline constexpr char kReplicaLogEnd[] = ".log";

// Lines of `claim`.
inline constexpr char kBootId[] = "boot_id=";
inline constexpr char kShimPid[] = "shim_pid=";
inline constexpr char kShimTicks[] = "shim_ticks=";  // start time, field 22 of /proc/PID/stat
inline constexpr char kChildPid[] = "child_pid=";    // 0: none was started
inline constexpr char kChildTicks[] = "child_ticks=";
inline constexpr char kStarted[] = "started_us=";  // microseconds since 1970; the last line

// Lines of `exit`.
inline constexpr char kKind[] = "kind=";  // one of the words below
inline constexpr char kExitCode[] = "exit_code=";
inline constexpr char kSignal[] = "signal=";
inline constexpr char kStopped[] = "stopped=";  // 1: the engine had asked for the end
inline constexpr char kEnded[] = "ended_us=";
inline constexpr char kOutputBytes[] = "output_bytes=";  // a shorter log was cut by a power failure
inline constexpr char kReason[] = "reason=";             // why it did not start; may be empty
inline constexpr char kCulprits[] = "culprits=";  // replicas that ended the job, by blanks; or none
inline constexpr char kOutcome[] = "outcome=";    // of each replica: NAME STATE EXIT_CODE RESTARTS
inline constexpr char kExitEnd[] = "end=1";       // the last line

inline constexpr char kKindExited[] = "exited";
inline constexpr char kKindSignal[] = "signal";
inline constexpr char kKindOutOfMemory[] = "out_of_memory";
inline constexpr char kKindTimeout[] = "timeout";
inline constexpr char kKindFailedToStart[] = "failed_to_start";
inline constexpr char kKindStopped[] = "stopped";

// The states of kOutcome.
inline constexpr char kStateSucceeded[] = "succeeded";
inline constexpr char kStateFailed[] = "failed";
inline constexpr char kStateEnded[] = "ended";  // by the shim, because the job was over

// Exit code of hone-scrape and hone-push: for want of a port or a file, which another attempt may
// have.
inline constexpr int kCollectorBroken = 70;

// The shim's own exit codes.
inline constexpr int kShimRecorded = 0;
inline constexpr int kShimUsage = 64;
inline constexpr int kShimNoLaunch = 66;    // no readable launch file
inline constexpr int kShimNoClaim = 73;     // the claim could not be made (disk full, permissions)
inline constexpr int kShimUnrecorded = 74;  // neither exit nor claim could be written
inline constexpr int kShimClaimed = 75;     // another shim has or had the attempt

}  // namespace hone::attempt_files
