//! How a lowering makes a unit.

use super::{
    Argument, Binding, Class, ClassId, Expression, ExpressionId, Import, Kind, Language, Parameter, Piece,
    Scope, ScopeId, Target, Unit,
};

/// A unit under way.
#[derive(Debug)]
pub struct Builder {
    unit: Unit,
    open: Vec<ScopeId>,
}

/// More than any file that people write has; what is beyond is not read, and the unit says so.
const EXPRESSIONS_MAX: usize = 1 << 20;

impl Builder {
    /// An empty unit of a file.
    pub fn new(path: &str, language: Language) -> Self {
        let unit = Unit {
            path: path.to_owned(),
            language,
            package: String::new(),
            expressions: Vec::new(),
            scopes: vec![Scope { line: 1, ..Scope::default() }],
            classes: Vec::new(),
            imports: Vec::new(),
            is_damaged: false,
        };
        Self { unit, open: vec![0] }
    }

    /// What was made.
    pub fn finish(self) -> Unit {
        self.unit
    }

    /// Parts could not be read.
    pub fn damage(&mut self) {
        self.unit.is_damaged = true;
    }

    /// The package or namespace of the file.
    pub fn package(&mut self, package: &str) {
        package.clone_into(&mut self.unit.package);
    }

    /// Which scope is open.
    pub fn scope(&self) -> ScopeId {
        self.open.last().copied().unwrap_or_default()
    }

    /// The open scope itself.
    pub fn current(&mut self) -> &mut Scope {
        let scope = usize::try_from(self.scope()).unwrap_or_default();
        if scope >= self.unit.scopes.len() {
            self.unit.scopes.push(Scope::default());
        }
        let last = self.unit.scopes.len().saturating_sub(1);
        #[expect(
            clippy::indexing_slicing,
            reason = "the file's scope is always there, and the number is held below the count"
        )]
        &mut self.unit.scopes[scope.min(last)]
    }

    /// Adds an expression.
    pub fn add(&mut self, kind: Kind, line: u32) -> ExpressionId {
        let id = u32::try_from(self.unit.expressions.len()).unwrap_or(u32::MAX);
        if self.unit.expressions.len() >= EXPRESSIONS_MAX {
            self.unit.is_damaged = true;
            return id.saturating_sub(1);
        }
        let scope = self.scope();
        self.unit.expressions.push(Expression { kind, line, scope });
        id
    }

    /// A text without holes.
    pub fn text(&mut self, text: impl Into<String>, line: u32) -> ExpressionId {
        self.add(Kind::Text(vec![Piece::Known(text.into())]), line)
    }

    /// A name.
    pub fn name(&mut self, name: impl Into<String>, line: u32) -> ExpressionId {
        self.add(Kind::Name(name.into()), line)
    }

    /// A member.
    pub fn member(&mut self, of: ExpressionId, name: impl Into<String>, line: u32) -> ExpressionId {
        self.add(Kind::Member { of, name: name.into() }, line)
    }

    /// A call.
    pub fn call(&mut self, callee: ExpressionId, arguments: Vec<Argument>, line: u32) -> ExpressionId {
        self.add(Kind::Call { callee, arguments, is_new: false }, line)
    }

    /// An expression that was added.
    pub fn get(&self, id: ExpressionId) -> Option<&Expression> {
        self.unit.expressions.get(usize::try_from(id).ok()?)
    }

    /// Binds in the open scope.
    pub fn bind(&mut self, target: Target, value: Option<ExpressionId>, declared: Option<String>) {
        self.current().bindings.push(Binding { target, value, declared });
    }

    /// Binds a name in the open scope.
    pub fn bind_name(&mut self, name: &str, value: ExpressionId) {
        self.bind(Target::Name(name.to_owned()), Some(value), None);
    }

    /// Binds in a scope that need not be the open one.
    pub fn bind_in(&mut self, scope: ScopeId, target: Target, value: Option<ExpressionId>) {
        self.reopen(scope);
        self.bind(target, value, None);
        self.close();
    }

    /// Opens a function.
    pub fn open_function(&mut self, name: &str, parameters: Vec<Parameter>, line: u32) -> ScopeId {
        let parent = self.scope();
        let around = self.unit.scopes.get(usize::try_from(parent).unwrap_or_default());
        // Functions inside methods see the receiver of the method, and are none themselves.
        let class = around.filter(|scope| scope.is_class_body).and_then(|scope| scope.class);
        let id = self.push(Scope {
            name: name.to_owned(),
            parent: Some(parent),
            class,
            parameters,
            line,
            ..Scope::default()
        });
        let methods = class.and_then(|class| self.unit.classes.get_mut(usize::try_from(class).ok()?));
        if let Some(class) = methods {
            class.methods.push(id);
        }
        id
    }

    /// Opens the body of a class.
    pub fn open_class(&mut self, name: &str, bases: Vec<String>, line: u32) -> ClassId {
        let class = ClassId::try_from(self.unit.classes.len()).unwrap_or_default();
        let parent = self.scope();
        let body = self.push(Scope {
            name: name.to_owned(),
            parent: Some(parent),
            class: Some(class),
            is_class_body: true,
            line,
            ..Scope::default()
        });
        self.unit.classes.push(Class { name: name.to_owned(), bases, methods: Vec::new(), body });
        class
    }

    /// A constructor that stands in the head of a class: each parameter is a field.
    pub fn primary_constructor(&mut self, parameters: Vec<Parameter>, receiver: &str, line: u32) {
        let names: Vec<(String, Option<String>)> =
            parameters.iter().map(|parameter| (parameter.name.clone(), parameter.declared.clone())).collect();
        self.open_function("constructor", parameters, line);
        self.current().receiver = Some(receiver.to_owned());
        for (name, _) in &names {
            let this = self.name(receiver, line);
            let value = self.name(name, line);
            self.bind(Target::Member(this, name.clone()), Some(value), None);
        }
        self.close();
        for (name, declared) in names {
            if declared.is_some() {
                self.bind(Target::Name(name), None, declared);
            }
        }
    }

    /// Opens a scope that stands already: methods that are written outside their class, as in Go.
    pub fn reopen(&mut self, scope: ScopeId) {
        self.open.push(scope);
    }

    /// The class of this name, made when there is none: Go's methods may come before their struct.
    pub fn class(&mut self, name: &str, line: u32) -> ClassId {
        let known = self.unit.classes.iter().position(|class| class.name == name);
        if let Some(known) = known {
            return ClassId::try_from(known).unwrap_or_default();
        }
        let class = self.open_class(name, Vec::new(), line);
        self.close();
        class
    }

    /// The body of a class.
    pub fn body_of(&self, class: ClassId) -> ScopeId {
        let class = usize::try_from(class).ok().and_then(|class| self.unit.classes.get(class));
        class.map(|class| class.body).unwrap_or_default()
    }

    /// The class whose body or method is around.
    pub fn class_around(&self) -> Option<ClassId> {
        let of = |scope: &ScopeId| self.unit.scopes.get(usize::try_from(*scope).ok()?)?.class;
        self.open.iter().rev().find_map(of)
    }

    /// The class of this name, where the file has it already.
    pub fn known_class(&self, name: &str) -> Option<ClassId> {
        let known = self.unit.classes.iter().position(|class| class.name == name)?;
        ClassId::try_from(known).ok()
    }

    /// What a class is called.
    pub fn class_name(&self, class: ClassId) -> &str {
        let class = usize::try_from(class).ok().and_then(|class| self.unit.classes.get(class));
        class.map_or("", |class| class.name.as_str())
    }

    /// Whether a method is around.
    pub fn is_in_method(&self) -> bool {
        let of = |scope: &ScopeId| usize::try_from(*scope).ok().and_then(|scope| self.unit.scopes.get(scope));
        self.open.iter().filter_map(of).any(|scope| scope.receiver.is_some())
    }

    /// Whether a function around, up to its class, takes or binds a name, or the file does outside of any.
    pub fn is_local(&self, name: &str) -> bool {
        let of = |scope: &ScopeId| usize::try_from(*scope).ok().and_then(|scope| self.unit.scopes.get(scope));
        let scopes = self.open.iter().rev().filter_map(of).take_while(|scope| !scope.is_class_body);
        let is_name = |binding: &Binding| matches!(&binding.target, Target::Name(known) if known == name);
        scopes.into_iter().any(|scope| {
            scope.bindings.iter().any(is_name) || scope.parameters.iter().any(|known| known.name == name)
        })
    }

    /// Whether a function around, up to its class, binds a name: otherwise it is a field's.
    pub fn is_bound_here(&self, name: &str) -> bool {
        for scope in self.open.iter().rev() {
            let found = usize::try_from(*scope).ok().and_then(|scope| self.unit.scopes.get(scope));
            let Some(found) = found.filter(|found| !found.is_class_body) else { return false };
            let is_name = |binding: &Binding| matches!(&binding.target, Target::Name(known) if known == name);
            if found.bindings.iter().any(is_name)
                || found.parameters.iter().any(|parameter| parameter.name == name)
            {
                return true;
            }
        }
        true
    }

    /// Closes the scope that was opened last.
    pub fn close(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// A name from elsewhere.
    pub fn import(&mut self, local: &str, module: &str, member: Option<&str>) {
        let import =
            Import { local: local.to_owned(), module: module.to_owned(), member: member.map(str::to_owned) };
        self.unit.imports.push(import);
    }

    fn push(&mut self, scope: Scope) -> ScopeId {
        let id = ScopeId::try_from(self.unit.scopes.len()).unwrap_or_default();
        self.unit.scopes.push(scope);
        self.open.push(id);
        id
    }
}

impl Argument {
    /// By its place.
    pub fn placed(value: ExpressionId) -> Self {
        Self { name: None, value, is_spread: false }
    }

    /// By its name.
    pub fn named(name: impl Into<String>, value: ExpressionId) -> Self {
        Self { name: Some(name.into()), value, is_spread: false }
    }

    /// All that a map or list holds.
    pub fn spread(value: ExpressionId) -> Self {
        Self { name: None, value, is_spread: true }
    }
}
