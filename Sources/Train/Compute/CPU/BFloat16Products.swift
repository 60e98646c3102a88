internal import CDNNL
internal import Machine

/// Matrix products of bfloat16 numbers by oneDNN, for one member of the team.
///
/// oneDNN writes a kernel for each shape once; later calls find it here. `@unchecked Sendable`: only
/// the member reaches it, and only while it works.
@safe
final class BFloat16Products: @unchecked Sendable {
  private struct Shape: Hashable {
    var rows: Int
    var columns: Int
    var depth: Int
    var leftStride: Int
    var rightStride: Int
    var targetStride: Int
    var leftIsTransposed: Bool
    var rightIsTransposed: Bool
    var hasFloatTarget: Bool
    var accumulates: Bool
  }

  private let engine: dnnl_engine_t?
  private let stream: dnnl_stream_t?
  /// Kernels by shape; `nil` where oneDNN has none but its plain loops.
  private var kernels: [Shape: Kernel?] = [:]
  private var workspace: UInt = 0
  private var workspaceByteCount = 0

  init() {
    var engine: dnnl_engine_t?
    var stream: dnnl_stream_t?
    if unsafe dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success {
      unsafe dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
    }
    unsafe self.engine = unsafe engine
    unsafe self.stream = unsafe stream
  }

  deinit {
    kernels.removeAll()
    unsafe dnnl_stream_destroy(stream)
    unsafe dnnl_engine_destroy(engine)
    AlignedMemory.free(workspace)
  }

  /// Whether the processor has a fast way at all.
  var isFast: Bool {
    var numbers = [UInt16](repeating: 0, count: 3 * 32 * 32)
    return unsafe numbers.withUnsafeMutableBytes { bytes in
      let start = UInt(bitPattern: bytes.baseAddress)
      func matrix(_ index: Int) -> Matrix {
        Matrix(address: start + UInt(index * 32 * 32 * 2), type: .bfloat16, stride: 32)
      }
      return multiply(
        MatrixProduct(
          rows: 32, columns: 32, depth: 32, left: matrix(0), right: matrix(1), target: matrix(2)))
    }
  }

  /// Makes a product of bfloat16 matrices, if there is a fast way.
  func multiply(_ product: MatrixProduct) -> Bool {
    guard unsafe stream != nil, product.rows > 0, product.columns > 0 else { return false }
    let shape = Shape(
      rows: product.rows, columns: product.columns, depth: product.depth,
      leftStride: product.left.stride, rightStride: product.right.stride,
      targetStride: product.target.stride, leftIsTransposed: product.left.isTransposed,
      rightIsTransposed: product.right.isTransposed,
      hasFloatTarget: product.target.type == .float32, accumulates: product.accumulates)
    let kernel: Kernel?
    if let known = kernels[shape] {
      kernel = known
    } else {
      kernel = unsafe Kernel(product, engine: engine)
      kernels[shape] = .some(kernel)
    }
    guard let kernel else { return false }
    if workspaceByteCount < kernel.workspaceByteCount {
      AlignedMemory.free(workspace)
      workspace = AlignedMemory.allocate(kernel.workspaceByteCount) ?? 0
      workspaceByteCount = workspace == 0 ? 0 : kernel.workspaceByteCount
      guard workspace != 0 else { return false }
    }
    return unsafe kernel.run(product, workspace: workspace, stream: stream)
  }

  /// A compiled product and the descriptions of its matrices.
  @safe
  private final class Kernel {
    let workspaceByteCount: Int
    private let primitive: dnnl_primitive_t
    /// Left, right, target and workspace, as arguments of the product.
    private let arguments: [dnnl_exec_arg_t]

    init?(_ product: MatrixProduct, engine: dnnl_engine_t?) {
      var left = dnnl_memory_desc_t()
      var right = dnnl_memory_desc_t()
      var target = dnnl_memory_desc_t()
      guard
        Self.describe(&left, product.left, rows: product.rows, columns: product.depth),
        Self.describe(
          &right, product.right, rows: product.depth, columns: product.columns),
        Self.describe(
          &target, product.target, rows: product.rows, columns: product.columns),
        let primitiveDescription = unsafe Self.description(
          &left, &right, &target, accumulates: product.accumulates, engine: engine)
      else { return nil }
      defer { unsafe dnnl_primitive_desc_destroy(primitiveDescription) }
      var name: UnsafePointer<CChar>?
      unsafe dnnl_primitive_desc_query(
        primitiveDescription, dnnl_query_impl_info_str, 0, &name)
      // Loops without vectors are slower than converting to float32.
      if let name = unsafe name, unsafe String(cString: name).hasPrefix("ref") { return nil }
      guard
        let space = unsafe dnnl_primitive_desc_query_md(
          primitiveDescription, dnnl_query_scratchpad_md, 0)
      else { return nil }
      var primitive: dnnl_primitive_t?
      guard unsafe dnnl_primitive_create(&primitive, primitiveDescription) == dnnl_success,
        let primitive = unsafe primitive
      else { return nil }
      var arguments: [dnnl_exec_arg_t] = unsafe []
      func add(_ argument: Int32, _ description: UnsafePointer<dnnl_memory_desc_t>) {
        var memory: dnnl_memory_t?
        if unsafe dnnl_memory_create(&memory, description, engine, nil) == dnnl_success {
          unsafe arguments.append(dnnl_exec_arg_t(arg: argument, memory: memory))
        }
      }
      unsafe add(DNNL_ARG_SRC, &left)
      unsafe add(DNNL_ARG_WEIGHTS, &right)
      unsafe add(DNNL_ARG_DST, &target)
      unsafe add(DNNL_ARG_SCRATCHPAD, space)
      workspaceByteCount = max(64, Int(unsafe dnnl_memory_desc_get_size(space)))
      unsafe self.primitive = unsafe primitive
      unsafe self.arguments = unsafe arguments
      if unsafe arguments.count != 4 { return nil }
    }

    deinit {
      for index in unsafe arguments.indices {
        unsafe dnnl_memory_destroy(arguments[index].memory)
      }
      unsafe dnnl_primitive_destroy(primitive)
    }

    func run(_ product: MatrixProduct, workspace: UInt, stream: dnnl_stream_t?) -> Bool {
      func set(_ index: Int, _ address: UInt) {
        unsafe dnnl_memory_set_data_handle(
          arguments[index].memory, UnsafeMutableRawPointer(bitPattern: address))
      }
      set(0, product.left.address)
      set(1, product.right.address)
      set(2, product.target.address)
      set(3, workspace)
      return unsafe dnnl_primitive_execute(primitive, stream, 4, arguments) == dnnl_success
    }

    private static func describe(
      _ description: inout dnnl_memory_desc_t, _ matrix: Matrix, rows: Int, columns: Int
    ) -> Bool {
      var dimensions = [Int64](repeating: 0, count: Int(DNNL_MAX_NDIMS))
      var strides = dimensions
      dimensions[0] = Int64(rows)
      dimensions[1] = Int64(columns)
      strides[0] = Int64(matrix.isTransposed ? 1 : matrix.stride)
      strides[1] = Int64(matrix.isTransposed ? matrix.stride : 1)
      let type = matrix.type == .float32 ? dnnl_f32 : dnnl_bf16
      return unsafe dnnl_memory_desc_init_by_strides(
        &description, 2, &dimensions, type, &strides) == dnnl_success
    }

    private static func description(
      _ left: inout dnnl_memory_desc_t, _ right: inout dnnl_memory_desc_t,
      _ target: inout dnnl_memory_desc_t, accumulates: Bool, engine: dnnl_engine_t?
    ) -> dnnl_primitive_desc_t? {
      var product = dnnl_matmul_desc_t()
      guard
        unsafe dnnl_matmul_desc_init(&product, &left, &right, nil, &target) == dnnl_success
      else { return nil }
      var attributes: dnnl_primitive_attr_t?
      var sums: dnnl_post_ops_t?
      defer {
        unsafe dnnl_post_ops_destroy(sums)
        unsafe dnnl_primitive_attr_destroy(attributes)
      }
      unsafe dnnl_primitive_attr_create(&attributes)
      unsafe dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
      if accumulates {
        unsafe dnnl_post_ops_create(&sums)
        unsafe dnnl_post_ops_append_sum(sums, 1)
        unsafe dnnl_primitive_attr_set_post_ops(attributes, sums)
      }
      var description: dnnl_primitive_desc_t?
      guard
        unsafe dnnl_primitive_desc_create(&description, &product, attributes, engine, nil)
          == dnnl_success
      else { return nil }
      return unsafe description
    }
  }
}
